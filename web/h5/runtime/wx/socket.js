// wx.connectSocket over WebSocket: at most five, and none while the program is suspended.

import { reachable } from './hosts.js';

const SOCKETS_MAX = 5;
const EVENTS = ['open', 'message', 'close', 'error'];
/** What a device says of a socket that it dropped in the background. */
const INTERRUPTED = { code: 1006, reason: 'interrupted' };

export function addSockets(wx, mp) {
  const open = new Set();
  mp.sockets = {
    get count() {
      return open.size;
    },
    interrupt: () => [...open].forEach((task) => task.drop(INTERRUPTED)),
  };
  wx.connectSocket = (options) => {
    const task = new SocketTask(mp, open);
    if (open.size >= SOCKETS_MAX) {
      mp.report('socket', `more than ${SOCKETS_MAX} sockets at once`);
      task.refuse(options, `exceed max concurrent connections ${SOCKETS_MAX}`);
    } else {
      task.connect(options);
    }
    return task.facade;
  };
}

class SocketTask {
  #listeners = Object.fromEntries(EVENTS.map((name) => [name, []]));
  #socket = null;
  #isOver = false;

  constructor(mp, open) {
    this.mp = mp;
    this.open = open;
    this.facade = this.#facade();
  }

  connect(options) {
    this.open.add(this);
    try {
      this.#socket = new WebSocket(reachable(this.mp, options.url, 'ws'), options.protocols ?? []);
    } catch (error) {
      this.open.delete(this);
      this.refuse(options, error.message);
      return;
    }
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onopen = () => this.#fire('open', { header: {} });
    this.#socket.onmessage = ({ data }) => this.#fire('message', { data });
    this.#socket.onerror = () => this.#fire('error', { errMsg: 'socket error' });
    this.#socket.onclose = ({ code, reason }) => this.#over({ code, reason });
    queueMicrotask(() => {
      options.success?.({ errMsg: 'connectSocket:ok' });
      options.complete?.({ errMsg: 'connectSocket:ok' });
    });
  }

  refuse(options, why) {
    this.#isOver = true;
    const answer = { errMsg: `connectSocket:fail ${why}`, errno: 1015 };
    setTimeout(() => {
      options.fail?.(answer);
      options.complete?.(answer);
      this.#fire('error', answer);
    });
  }

  /** The connection ends for this side at once, whatever the network still does. */
  drop(why) {
    const socket = this.#socket;
    this.#over(why);
    socket?.close();
  }

  #over(why) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.open.delete(this);
    this.#fire('close', why);
  }

  #fire(name, event) {
    if (this.#isOver && name !== 'close' && name !== 'error') return;
    for (const listener of [...this.#listeners[name]]) {
      this.mp.glassEasel.safeCallback(`socket ${name}`, listener, null, [event]);
    }
  }

  #send({ data, success, fail, complete }) {
    const isOpen = this.#socket?.readyState === 1 && !this.#isOver;
    if (isOpen) this.#socket.send(data);
    const answer = { errMsg: isOpen ? 'sendSocketMessage:ok' : 'sendSocketMessage:fail SocketTask.readyState is not OPEN' };
    (isOpen ? success : fail)?.(answer);
    complete?.(answer);
  }

  #close({ code = 1000, reason = '', success, complete } = {}) {
    this.#socket?.close(code, reason);
    success?.({ errMsg: 'closeSocket:ok' });
    complete?.({ errMsg: 'closeSocket:ok' });
  }

  #facade() {
    const task = this;
    const on = (name) => (listener) => task.#listeners[name].push(listener);
    return {
      CONNECTING: 0,
      OPEN: 1,
      CLOSING: 2,
      CLOSED: 3,
      get readyState() {
        return task.#isOver ? 3 : (task.#socket?.readyState ?? 0);
      },
      onOpen: on('open'),
      onMessage: on('message'),
      onClose: on('close'),
      onError: on('error'),
      send: (options) => task.#send(options),
      close: (options) => task.#close(options),
    };
  }
}
