// What happened to a class, or to one person in it, step by step.

import { useEffect, useMemo } from 'preact/hooks';

import { dayText } from '../../lib/format.ts';
import { t, tWord } from '../../lib/i18n.ts';
import { wallDate, wallSecond } from '../../lib/time.ts';
import { told as wordsOf } from '../../lib/told.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, ErrorState, Skeleton } from '../../ui/feedback.tsx';
import type { History } from './history.ts';
import { sentence, tone, verdictText } from './sentence.ts';
import { everybody, standing, steps, stepsOf, verdicts } from './story.ts';
import type { Step } from './story.ts';

interface Props {
  history: History;
  person: string;
  onPerson: (id: string) => void;
}

export function StoryView({ history, person, onPerson }: Props) {
  const told = useMemo(() => steps(history.items), [history.items]);
  const shown = useMemo(() => (person ? stepsOf(told, person) : told).toReversed(), [told, person]);
  const people = useMemo(() => everybody(told), [told]);
  useEffect(() => {
    // Why somebody has no seat may have begun long ago.
    if (person) history.readAll();
  }, [person]);
  if (history.error !== null && told.length === 0) return <ErrorState error={history.error} retry={history.reload} />;
  if (told.length === 0) return history.loading ? <Skeleton rows={5} /> : <Empty title={t('story.nothing')} />;
  return (
    <section class="story" id="story" aria-labelledby="story-title">
      <header class="story__head">
        <h2 id="story-title">{t('story.title')}</h2>
        <select
          class="input input--small"
          aria-label={t('story.person')}
          value={person}
          onChange={(event) => onPerson(event.currentTarget.value)}
        >
          <option value="">{t('story.everybody')}</option>
          {people.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </header>
      {history.error !== null && (
        <p class="notice notice--bad" role="status">
          {t('story.stale', { why: wordsOf(history.error) })}{' '}
          <Button small onClick={history.reload}>
            {t('retry')}
          </Button>
        </p>
      )}
      {person && (
        <WhyNot told={told} person={person} name={people.find(({ id }) => id === person)?.name ?? ''} complete={!history.hasEarlier} />
      )}
      <ol class="story__list">
        {shown.map((step, index) => (
          <Line key={step.key} step={step} before={shown[index - 1]} onPerson={onPerson} />
        ))}
      </ol>
      {shown.length === 0 && <p class="hint">{t('story.nothing.person')}</p>}
      {history.hasEarlier && (
        <Button small busy={history.loading} onClick={history.readEarlier}>
          {t('story.earlier')}
        </Button>
      )}
    </section>
  );
}

interface LineProps {
  step: Step;
  before: Step | undefined;
  onPerson: (id: string) => void;
}

function Line({ step, before, onPerson }: LineProps) {
  const day = wallDate(step.at);
  const [only] = step.people;
  return (
    <>
      {(!before || wallDate(before.at) !== day) && <li class="story__day">{dayText(day)}</li>}
      <li class={`story__line story__line--${tone(step)}${step.roundId ? ' story__line--round' : ''}`}>
        <time class="story__time" dateTime={step.at}>
          {wallSecond(step.at)}
        </time>
        {only && step.people.length === 1 ? (
          <button type="button" class="story__text story__text--link" onClick={() => onPerson(only.id)}>
            {sentence(step)}
          </button>
        ) : (
          <span class="story__text">{sentence(step)}</span>
        )}
      </li>
    </>
  );
}

interface WhyProps {
  told: readonly Step[];
  person: string;
  name: string;
  complete: boolean;
}

/** The answer to the question that is asked at the desk, before all the steps that led to it. */
function WhyNot({ told, person, name, complete }: WhyProps) {
  if (!complete) return <p class="notice">{t('story.reading')}</p>;
  const now = standing(told, person);
  const all = verdicts(told, person);
  return (
    <div class="why" role="status">
      <p class="why__now">
        {now.is === 'waiting' ? t('story.now.waiting', { name, position: now.position }) : t(`story.now.${now.is}`, { name })}
      </p>
      {all.length > 0 && (
        <>
          <h3>{t(now.is === 'booked' ? 'story.rounds' : 'story.why', { name })}</h3>
          <dl class="why__list">
            {all.map((verdict) => (
              <div key={verdict.roundId}>
                <dt>{t('story.round', { n: verdict.number, time: wallSecond(verdict.openedAt), cause: tWord('cause', verdict.cause) })}</dt>
                <dd class={verdict.outcome === 'won' || verdict.outcome === 'live' ? 'why__won' : undefined}>{verdictText(verdict)}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </div>
  );
}
