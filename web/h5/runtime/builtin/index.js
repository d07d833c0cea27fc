// All built-in components; the tags that the H5 build does not draw say so.
//
// Forms, choices, sliders, pickers, swipers, images and rich text are in no page of the program today. They
// are here because the same source must do in a browser what it does in WeChat: a page that begins to use
// one is drawn at once, and is not an empty place that only the browser has. The fixture's tests keep them so.

import { reflectAria } from './aria.js';
import { addButtons } from './button.js';
import { addChoices } from './choices.js';
import { define, refresh } from './define.js';
import { addFields } from './fields.js';
import { addForms } from './form.js';
import { addImages } from './image.js';
import { addPicker } from './picker.js';
import { addScrollView } from './scroll-view.js';
import { addSlider } from './slider.js';
import { addSwiper } from './swiper.js';
import { addTexts } from './text.js';
import { addViews } from './view.js';

const NOT_DRAWN = ['ad', 'audio', 'camera', 'canvas', 'editor', 'live-player', 'map', 'movable-area', 'movable-view', 'open-data', 'picker-view', 'picker-view-column', 'video', 'web-view'];

export function registerBuiltins(mp) {
  reflectAria(mp.glassEasel, refresh);
  addViews(mp);
  addTexts(mp);
  addImages(mp);
  addButtons(mp);
  addFields(mp);
  addForms(mp);
  addChoices(mp);
  addSlider(mp);
  addPicker(mp);
  addScrollView(mp);
  addSwiper(mp);
  for (const tag of NOT_DRAWN) {
    define(mp, tag, {}, () => mp.report('component', `<${tag}> is not in the H5 build`));
  }
}
