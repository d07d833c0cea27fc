// What a visitor can do with a class, each as one request.

const REQUESTS = {
  book: (api, s) => api.post('/bookings', { schedule_id: s.id }),
  cancel: (api, s) => api.put(`/bookings/${encodeURIComponent(s.mine.booking.id)}/cancel`),
  pay: (api, s) => api.post('/pay', { booking_id: s.mine.booking.id }),
  join: (api, s) => api.post('/waitlist/join', { course_schedule_id: s.id }),
  leave: (api, s) => api.delete(`/waitlist/${encodeURIComponent(s.mine.waitlist_entry.id)}`),
  accept: (api, s) => respond(api, s, 'accept'),
  decline: (api, s) => respond(api, s, 'decline'),
};

/** Sends the request of an action; answers as `api` does. */
export function perform(api, action, schedule) {
  return REQUESTS[action](api, schedule);
}

/** The offer is named: a click must never accept another offer than the one on the screen. */
function respond(api, schedule, answer) {
  const { waitlist_entry: entry, offer } = schedule.mine;
  return api.put(`/waitlist/${encodeURIComponent(entry.id)}/respond`, { action: answer, offer_id: offer.id });
}
