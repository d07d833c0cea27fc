// Courses and coaches, as choices.

import { everyPage } from './api.ts';
import { useLoad } from './load.ts';
import type { Loaded } from './load.ts';
import type { Course, Teacher } from './types.ts';

export function useCourses(): Loaded<Course[]> {
  return useLoad('courses', allCourses);
}

export function allCourses(signal?: AbortSignal): Promise<Course[]> {
  return everyPage<Course>('/courses', {}, undefined, signal);
}

export function useTeachers(): Loaded<Teacher[]> {
  return useLoad('teachers', allTeachers);
}

export function allTeachers(signal?: AbortSignal): Promise<Teacher[]> {
  return everyPage<Teacher>('/teachers', {}, undefined, signal);
}
