export function ClassPage(_: { id: string }) { return <p>ClassPage</p>; }
