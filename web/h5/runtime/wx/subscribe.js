// wx.requestSubscribeMessage with WeChat's rules: in a tap, first of all, at most three templates.
// Called with callbacks it answers with a task that can be aborted, as wx.request does. WeChat's own
// answers with nothing: there the question stays until somebody answers it.

import { h } from '../dom.js';
import { define } from './api.js';
import { DemoWeChat } from './demo-wechat.js';

const TEMPLATES_MAX = 3;

export function addSubscribe(wx, mp, storage) {
  define(wx, 'requestSubscribeMessage', async ({ tmplIds, signal }) => {
    if (!mp.taps.isNow) {
      mp.report('subscribe', 'requestSubscribeMessage was not called in a tap, first of all');
      throw { errMsg: 'can only be invoked by user TAP gesture.', errCode: 20001 };
    }
    if (!tmplIds?.length) throw { errMsg: "TmplIds can't be empty", errCode: 10001 };
    if (tmplIds.length > TEMPLATES_MAX) throw { errMsg: 'Templates count out of max bounds', errCode: 20003 };
    const wechat = new DemoWeChat(mp.person.loginCode(storage));
    const accepted = await ask(mp.layers, tmplIds, await wechat.titles(), signal);
    if (signal?.aborted) throw new Error('abort');
    return wechat.choose(Object.fromEntries(tmplIds.map((id) => [id, accepted.includes(id) ? 'accept' : 'reject'])));
  });
  const request = wx.requestSubscribeMessage;
  wx.requestSubscribeMessage = (options = {}) => {
    const control = new AbortController();
    const outcome = request({ ...options, signal: control.signal });
    return outcome ?? { abort: () => control.abort() };
  };
}

async function ask(layers, ids, titles, signal) {
  const boxes = ids.map((id) => h('input', { type: 'checkbox', checked: true, value: id }));
  const accepted = await layers.open({ kind: 'modal', label: '订阅消息', signal }, (close) => [
    h('h2', { class: 'h5-dialog__title' }, '申请向您发送以下消息'),
    h('p', { class: 'h5-dialog__text' }, '每次允许，可以收到一条。'),
    h('ul', { class: 'h5-dialog__list' }, ...boxes.map((box, at) => h('li', {}, h('label', {}, box, h('span', {}, titles[ids[at]] ?? `消息模板 ${ids[at]}`))))),
    h(
      'footer',
      { class: 'h5-dialog__buttons' },
      h('button', { type: 'button', class: 'h5-dialog__button', onclick: () => close([]) }, '拒绝'),
      h('button', { type: 'button', class: 'h5-dialog__button h5-dialog__button--confirm', autofocus: true, onclick: () => close(ids.filter((_, at) => boxes[at].checked)) }, '允许'),
    ),
  ]);
  return accepted ?? [];
}
