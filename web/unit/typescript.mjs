// Lets tests import the console's TypeScript as it is; `node --import` this file.

import { register } from 'node:module';

register('./typescript-loader.mjs', import.meta.url);
