import { t } from '../../lib/i18n.ts';
import { shortcuts } from '../../lib/keys.ts';
import { Dialog } from '../../ui/dialog.tsx';

/** Every shortcut that works on this page, those of the page first. */
export function HelpSheet({ onClose }: { onClose: () => void }) {
  const all = [...shortcuts.value].reverse();
  const labels = [...new Set(all.map((shortcut) => shortcut.label))];
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <dl class="keys">
        {labels.map((label) => (
          <div key={label}>
            <dt>{t(label)}</dt>
            <dd>
              {all
                .filter((shortcut) => shortcut.label === label)
                .map((shortcut) => (
                  <Keys key={shortcut.keys} keys={shortcut.keys} />
                ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

const NAMES: Record<string, string> = { mod: 'Ctrl', ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓' };

function Keys({ keys }: { keys: string }) {
  const parts = keys.split(/[ +]/);
  return (
    <span class="keys__one">
      {parts.map((part, index) => (
        <kbd key={index}>{NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)}</kbd>
      ))}
    </span>
  );
}
