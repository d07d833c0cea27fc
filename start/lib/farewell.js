// What two students leave behind when two others take over: a place in line would fill the queue a little
// more each time, so it is left; a seat that was won stays theirs, because to cancel it would start the
// next race.

const PAGE = 'page_size=100';
const IN_LINE = ['waiting', 'notified', 'in_turn'];

/** The server's time as it says it: its clock may stand, which no estimate knows. */
export async function serverTime(api) {
  return Date.parse((await api.get('/about')).data.server_time);
}

/**
 * Leaves every place in line that this student took since then, and no older one. Asked again after a
 * failure it does what is left to do.
 */
export async function takeLeave(person, since) {
  const places = (await person.api.get(`/waitlist/my?${PAGE}`)).data.items.filter(({ status, joined_at }) => IN_LINE.includes(status) && Date.parse(joined_at) >= since);
  for (const { id } of places) await person.api.send('DELETE', `/waitlist/${encodeURIComponent(id)}`);
  const seats = (await person.api.get(`/bookings/mine/upcoming?${PAGE}`)).data.items.filter(({ created_at }) => Date.parse(created_at) >= since);
  return { name: person.name, left: places.map(({ course_name }) => course_name), kept: seats.map(({ course_name }) => course_name) };
}
