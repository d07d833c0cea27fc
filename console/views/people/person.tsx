export function Person(_: { id: string }) { return <p>Person</p>; }
