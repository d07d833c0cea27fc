export function Courses() { return <p>Courses</p>; }
