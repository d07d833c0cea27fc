import { useRef } from 'preact/hooks';

/** A value that flashes when it changes, and not when it is first shown. */
export function Changed({ value }: { value: string | number }) {
  const seen = useRef({ value, times: 0 });
  if (seen.current.value !== value) seen.current = { value, times: seen.current.times + 1 };
  const { times } = seen.current;
  // A new key is a new element, which begins the animation anew.
  return (
    <span key={times} class={times > 0 ? 'flash' : undefined}>
      {value}
    </span>
  );
}
