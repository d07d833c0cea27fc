import { board } from './board.ts';
import { common } from './common.ts';
import { courses } from './courses.ts';
import { history } from './history.ts';
import { operations } from './operations.ts';
import { roster } from './roster.ts';
import { shell } from './shell.ts';

export const texts = { ...common, ...shell, ...board, ...roster, ...history, ...courses, ...operations };
