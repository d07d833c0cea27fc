// How many may wait: for all, by kind, by course, by class.

import { api, everyPage } from '../../lib/api.ts';
import { allCourses, useCourses } from '../../lib/catalog.ts';
import { isKey, t } from '../../lib/i18n.ts';
import { useLatest } from '../../lib/latest.ts';
import { usePaged } from '../../lib/paged.ts';
import { link } from '../../lib/router.ts';
import { told } from '../../lib/told.ts';
import type { Course, WaitlistSize } from '../../lib/types.ts';
import { wrongNumber } from '../../lib/wrong.ts';
import { ask } from '../../ui/ask.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { Listing } from '../../ui/listing.tsx';
import { toast } from '../../ui/toast.tsx';

const PLACES_MAX = 10_000;
const TYPES = ['vip', 'standard', '0', '1', '2', '3'] as const;

export function Sizes() {
  const list = usePaged<WaitlistSize>('/waitlist/capacity', {});
  const { data: courses } = useCourses();
  const latest = useLatest(list.data?.items ?? []);
  const change = (size: WaitlistSize) => (): void => changeSize(size, nameOf(size, courses ?? []), latest, list.reload);
  return (
    <>
      <p class="hint">{t('sizes.text')}</p>
      <p class="filters">
        <Button onClick={() => void addSize(list.reload)}>{t('sizes.add')}</Button>
      </p>
      <Listing list={list} empty={<Empty title={t('waitlists.sizes')} />}>
        {(items) => (
          <table class="table table--cards">
            <thead>
              <tr>
                <th>{t('sizes.scope')}</th>
                <th>{t('sizes.what')}</th>
                <th>{t('sizes.capacity')}</th>
                <th>
                  <span class="sr-only">{t('roster.actions')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((size) => (
                <tr key={`${size.scope} ${size.ref ?? ''}`}>
                  <td data-label={t('sizes.scope')}>{t(`sizes.scope.${size.scope}`)}</td>
                  <td data-label={t('sizes.what')}>
                    {size.scope === 'schedule' && size.ref ? (
                      <a href={link(['classes', size.ref])}>{t('audit.open')}</a>
                    ) : (
                      nameOf(size, courses ?? [])
                    )}
                  </td>
                  <td data-label={t('sizes.capacity')}>{size.capacity}</td>
                  <td>
                    <Button small onClick={change(size)}>
                      {t('sizes.change')}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Listing>
    </>
  );
}

function typeName(type: string): string {
  const key = TYPES.slice(0, 2).some((tier) => tier === type) ? `course.tier.${type}` : `course.kind.${type}`;
  return isKey(key) ? t(key) : type;
}

function nameOf({ scope, ref = '' }: WaitlistSize, courses: readonly Course[]): string {
  if (scope === 'course') return courses.find(({ id }) => id === ref)?.name ?? ref;
  return scope === 'type' ? typeName(ref) : t(`sizes.scope.${scope}`);
}

const capacityField = (initial: string) => ({
  name: 'capacity',
  label: t('sizes.capacity'),
  type: 'number' as const,
  initial,
  check: (value: string) => wrongNumber(value, 0, PLACES_MAX),
});

function changeSize(asked: WaitlistSize, name: string, latest: () => readonly WaitlistSize[], reload: () => void): void {
  const { scope, ref } = asked;
  const set = (capacity: number, key: string): Promise<void> => api.put('/waitlist/capacity', { ...asked, capacity }, { key }).then(reload);
  ask(() => {
    const { capacity: before } = latest().find((one) => one.scope === scope && one.ref === ref) ?? asked;
    return {
      title: t('do.for', { what: t('waitlists.sizes'), name }),
      follows: [t('sizes.now', { n: before })],
      yes: t('save'),
      fields: [capacityField(String(before))],
      run: async ({ capacity }, key) => {
        await set(Number(capacity), key);
        toast(t('sizes.saved', { name }), { undo: (undoKey) => set(before, undoKey) });
      },
    };
  });
}

/** What has a size is changed in its row, where it can be seen. */
async function addSize(reload: () => void): Promise<void> {
  let sizes: readonly WaitlistSize[];
  let courses: readonly Course[];
  try {
    [sizes, courses] = await Promise.all([everyPage<WaitlistSize>('/waitlist/capacity', {}), allCourses()]);
  } catch (error) {
    toast(told(error), { bad: true });
    return;
  }
  const sized = new Set(sizes.map(({ scope, ref = '' }) => `${scope} ${ref}`));
  const choices = [
    ...TYPES.map((type) => ({ value: `type ${type}`, label: `${t('sizes.scope.type')}: ${typeName(type)}` })),
    ...courses.map(({ id, name }) => ({ value: `course ${id}`, label: name })),
  ].filter(({ value }) => !sized.has(value));
  ask(() => ({
    title: t('sizes.add'),
    follows: [],
    yes: t('save'),
    fields: [{ name: 'what', label: t('sizes.what'), initial: choices[0]?.value ?? '', choices }, capacityField('8')],
    run: async ({ what = '', capacity }, key) => {
      const [scope, ref] = what.split(' ');
      const set = (to: number | null, setKey: string): Promise<void> =>
        api.put('/waitlist/capacity', { scope, ref, capacity: to }, { key: setKey }).then(reload);
      await set(Number(capacity), key);
      toast(t('sizes.saved', { name: choices.find(({ value }) => value === what)?.label ?? '' }), { undo: (undoKey) => set(null, undoKey) });
    },
  }));
}
