import { render } from 'preact';

import { startTicking } from './lib/clock.ts';
import { startListening } from './lib/keys.ts';
import { live } from './lib/live.ts';
import { startRouting } from './lib/router.ts';
import { followOtherTabs } from './lib/session.ts';
import { applyTheme } from './lib/theme.ts';
import { warnBeforeLeaving } from './views/schedule/making.ts';
import { App } from './views/app.tsx';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no #root');

applyTheme();
followOtherTabs();
startTicking();
startRouting();
warnBeforeLeaving();
startListening();
live.comeBackSoon();
root.replaceChildren();
render(<App />, root);
