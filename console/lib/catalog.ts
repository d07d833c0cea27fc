// Courses and coaches, as choices.

import { api, everyPage } from './api.ts';
import { useLoad } from './load.ts';
import type { Loaded } from './load.ts';
import type { Course, Page, Teacher } from './types.ts';

export function useCourses(): Loaded<Course[]> {
  return useLoad('courses', (signal) => everyPage<Course>('/courses', {}, undefined, signal));
}

export function useTeachers(): Loaded<Page<Teacher>> {
  return useLoad('teachers', (signal) => api.get<Page<Teacher>>('/teachers', { page_size: 100 }, signal));
}
