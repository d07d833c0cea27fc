export function Waitlists() { return <p>Waitlists</p>; }
