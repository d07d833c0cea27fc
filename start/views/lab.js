// Which class the phones look at; a crowd that rushes it, and a seat that somebody gives back.

import { byId, h, setText } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { isClosed, whenText } from '../lib/schedules.js';

const OUTCOMES = ['booked', 'queued', 'refused'];

export class Lab {
  #options = new Map();
  #result = null;
  #chosen = null;

  /** `api()` is whose requests they are; `onClass(id)` hears which class the phones are to show. */
  constructor({ api, schedules, clock, toasts, onClass, onRelease }) {
    Object.assign(this, { api, schedules, clock, toasts, onClass, onRelease });
    byId('lab').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#busy(() => this.#rush());
    });
    byId('lab-release').addEventListener('click', () => this.#busy(() => this.#release()));
    byId('lab-class').addEventListener('change', () => this.#choose(byId('lab-class').value));
  }

  /** Brings the list of classes up to date without disturbing an open drop-down. */
  update() {
    const select = byId('lab-class');
    const schedules = this.schedules.all();
    const ids = schedules.map(({ id }) => id);
    if (ids.join() !== [...this.#options.keys()].join()) {
      const value = select.value;
      this.#options = new Map(ids.map((id) => [id, h('option', { value: id })]));
      select.replaceChildren(...this.#options.values());
      if (ids.includes(value)) select.value = value;
    }
    for (const schedule of schedules) setText(this.#options.get(schedule.id), label(schedule, this.schedules.today));
    for (const id of ['lab-class', 'lab-rush', 'lab-release', 'again']) byId(id).disabled = schedules.length === 0;
    if (schedules.length > 0 && !this.#options.has(this.#chosen)) this.#choose(this.#bestArena(schedules).id);
  }

  relabel() {
    this.update();
    this.#showResult();
  }

  async #rush() {
    const schedule = this.#schedule();
    const students = Math.min(500, Math.max(1, Math.round(Number(byId('lab-students').value) || 60)));
    byId('lab-students').value = students;
    setText(byId('lab-rush'), t('lab.rushing'));
    const { data } = await this.api().post('/dev/rush', { schedule_id: schedule.id, students });
    this.#result = { course: schedule.course_name, ...data };
    this.#showResult();
  }

  async #release() {
    const schedule = this.#schedule();
    await this.api().post('/dev/release', { schedule_id: schedule.id });
    this.onRelease();
    this.toasts.good(t('lab.released', { course: schedule.course_name }));
  }

  #choose(id) {
    this.#chosen = id;
    byId('lab-class').value = id;
    this.onClass(id);
  }

  /** Until the visitor chooses: a full class in whose queue there is room for two. */
  #bestArena(schedules) {
    const now = this.clock.now();
    const open = schedules.filter((s) => !isClosed(s, now) && s.waitlist.open);
    const ready = open.filter((s) => s.seats_left === 0 && s.waitlist.capacity - s.waitlist.length >= 2);
    const [first] = [ready, open, schedules].find((list) => list.length > 0);
    return first;
  }

  #schedule() {
    return this.schedules.get(this.#chosen);
  }

  async #busy(work) {
    const buttons = [byId('lab-rush'), byId('lab-release')];
    if (!byId('lab-class').value || buttons.some((button) => button.getAttribute('aria-disabled') === 'true')) return;
    for (const button of buttons) button.setAttribute('aria-disabled', 'true');
    try {
      await work();
    } catch (error) {
      this.toasts.failure(error);
    } finally {
      for (const button of buttons) button.setAttribute('aria-disabled', 'false');
      setText(byId('lab-rush'), t('lab.rush'));
    }
  }

  #showResult() {
    if (!this.#result) return;
    const { course, students, took_ms, ...counts } = this.#result;
    const bar = h('div', { class: 'outcome__bar', 'aria-hidden': 'true' });
    const list = h('ul', { class: 'outcome__list' });
    for (const outcome of OUTCOMES) {
      const part = h('span', { class: `outcome__part outcome__part--${outcome}` });
      part.style.width = `${(100 * counts[outcome]) / Math.max(1, students)}%`;
      bar.append(part);
      list.append(h('li', { class: `outcome outcome--${outcome}` }, h('strong', {}, String(counts[outcome])), ' ', t(`lab.${outcome}`)));
    }
    const summary = h('p', { class: 'hint' }, t('lab.result', { students, course, ms: took_ms }));
    byId('lab-result').replaceChildren(bar, list, summary);
  }
}

function label(schedule, today) {
  return t('lab.option', { time: whenText(schedule, today, 'day.other'), course: schedule.course_name, left: schedule.seats_left });
}
