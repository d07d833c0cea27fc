/** Pictures become part of the script, as data. */
declare module '*.svg' {
  const address: string;
  export default address;
}
