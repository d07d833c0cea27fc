import { t } from '../lib/i18n.ts';

interface Props {
  label: string;
  /** What stands for no choice. */
  all?: string;
  value: string;
  choices: readonly (readonly [value: string, label: string])[];
  onChoose: (value: string) => void;
}

/** A filter by one of some. */
export function Choose({ label, all, value, choices, onChoose }: Props) {
  return (
    <select class="input input--small choose" aria-label={label} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
      <option value="">{all ?? `${label}: ${t('all')}`}</option>
      {choices.map(([one, name]) => (
        <option key={one} value={one}>
          {name}
        </option>
      ))}
    </select>
  );
}
