// What the page says; Chinese where the browser asks for it, else English.

const zh = {
  'title': '手机 · 微信沙箱',
  'list.title': '大家的手机',
  'nobody.title': '还没有人',
  'nobody.text': '在约课里用微信登录，那个人的手机就会出现在这里；或者在下面写个名字，添一部手机。',
  'add.label': '名字',
  'add.submit': '添一部手机',
  'back': '回到列表',
  'consent': '同意接收一次',
  'pick.title': '选一部手机',
  'pick.text': '点左边的人，看微信送来的服务通知；点手机号，看短信。',
  'silent.title': '还没有消息',
  'silent.text': '微信只送达本人同意接收的通知：在小程序里同意订阅，或点右上角的“同意接收一次”，再等事情发生。',
  'service': '服务通知',
  'sms': '短信',
  'open': '进入小程序查看',
  'new': '新',
  'none': '暂无消息',
  'unread': (n) => `${n} 条未读`,
  'grants': (list) => `还可送达：${list}`,
  'lost': '与沙箱失去了连接，正在重试…',
  'failed': (why) => `没有成功：${why}`,
  'opened': (page) => `小程序会打开：${page}`,
  'reset.ask': '忘掉所有的人、消息和设置？',
  'role.student': '学员',
  'role.teacher': '老师',
  'role.operator': '运营',
  'role.admin': '管理员',
  'role.owner': '所有者',
  'panel.title': '微信出状况',
  'panel.on': '进行中',
  'panel.down': '连接',
  'panel.latency': '延迟',
  'panel.busy': '系统繁忙（-1）',
  'panel.auto': '不问同意，照样送达',
  'panel.kill': '作废令牌',
  'panel.reset': '全部重来',
  'down.off': '正常',
  'down.refuse': '拒绝服务（503）',
  'down.hang': '不回答',
  'down.reset': '连接中断',
  'down.lost': '办了事，但答复丢失',
  'latency.none': '无',
  'busy.never': '从不',
  'busy.always': '总是',
  'counts.caption': '已回答的请求',
  'counts.call': '接口',
  'counts.ok': '成功',
  'counts.errors': '错误码',
};

const en = {
  'title': 'Phone · WeChat sandbox',
  'list.title': 'Phones',
  'nobody.title': 'Nobody yet',
  'nobody.text': 'Log in with WeChat in yueke, and that person’s phone appears here; or write a name below and add one.',
  'add.label': 'Name',
  'add.submit': 'Add a phone',
  'back': 'Back to the list',
  'consent': 'Accept one of each',
  'pick.title': 'Choose a phone',
  'pick.text': 'Choose a person to read what WeChat delivers, or a number to read text messages.',
  'silent.title': 'No messages yet',
  'silent.text': 'WeChat delivers only what a person has agreed to: subscribe in the mini-program, or press “Accept one of each”, then wait for something to happen.',
  'service': 'Service notice',
  'sms': 'Text message',
  'open': 'Open the mini-program',
  'new': 'new',
  'none': 'no messages',
  'unread': (n) => `${n} unread`,
  'grants': (list) => `May still arrive: ${list}`,
  'lost': 'Lost the sandbox, trying again…',
  'failed': (why) => `That failed: ${why}`,
  'opened': (page) => `The mini-program would open: ${page}`,
  'reset.ask': 'Forget all people, messages and settings?',
  'role.student': 'student',
  'role.teacher': 'teacher',
  'role.operator': 'operator',
  'role.admin': 'admin',
  'role.owner': 'owner',
  'panel.title': 'WeChat in trouble',
  'panel.on': 'on',
  'panel.down': 'Connection',
  'panel.latency': 'Latency',
  'panel.busy': 'System busy (-1)',
  'panel.auto': 'Deliver without consent',
  'panel.kill': 'Kill the token',
  'panel.reset': 'Start over',
  'down.off': 'as usual',
  'down.refuse': 'refuses (503)',
  'down.hang': 'does not answer',
  'down.reset': 'breaks off',
  'down.lost': 'does it, but the answer is lost',
  'latency.none': 'none',
  'busy.never': 'never',
  'busy.always': 'always',
  'counts.caption': 'Requests that were answered',
  'counts.call': 'Call',
  'counts.ok': 'OK',
  'counts.errors': 'Errors',
};

const chinese = (navigator.languages?.[0] ?? navigator.language ?? 'zh').toLowerCase().startsWith('zh');
const texts = chinese ? zh : en;

export const language = chinese ? 'zh-CN' : 'en';

export const say = (name, ...values) => (typeof texts[name] === 'function' ? texts[name](...values) : texts[name]);

/** Puts the words of this language into what the page came with. */
export function translate() {
  document.documentElement.lang = language;
  document.title = say('title');
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = say(element.dataset.text);
  for (const element of document.querySelectorAll('[data-hint]')) element.placeholder = say(element.dataset.hint);
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', say(element.dataset.label));
}
