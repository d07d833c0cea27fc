// The offsets of a time zone through the year.

const formats = new Map<string, Intl.DateTimeFormat | null>();

/**
 * The offset of a zone, like `+02:00`, when its clocks show a time like `2026-03-29T10:00`; null where the
 * browser does not know the zone. Of an hour that comes twice it is the first; an hour that is left out
 * is that much later.
 */
export function zoneOffset(zone: string | undefined, wall: string): string | null {
  if (!zone) return null;
  if (/^[+-]\d\d:\d\d$/.test(zone)) return zone;
  const asUtc = Date.parse(`${wall}Z`);
  const format = formatOf(zone);
  if (!format || Number.isNaN(asUtc)) return null;
  // A clock is put on or back by less than a day: the offset is that of the day before or of the day after.
  const [before, after] = [offsetOn(format, asUtc - DAY_MS), offsetOn(format, asUtc + DAY_MS)];
  const shows = (offset: string): boolean => offsetOn(format, Date.parse(`${wall}${offset}`)) === offset;
  return [before, after].find(shows) ?? before;
}

const DAY_MS = 86_400_000;

function formatOf(zone: string): Intl.DateTimeFormat | null {
  let format = formats.get(zone);
  if (format === undefined) {
    format = made(zone);
    formats.set(zone, format);
  }
  return format;
}

function made(zone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch {
    return null;
  }
}

function offsetOn(format: Intl.DateTimeFormat, instant: number): string {
  const name = format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  return /[+-]\d\d:\d\d/.exec(name)?.[0] ?? '+00:00';
}
