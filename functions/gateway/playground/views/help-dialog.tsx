import { Dialog } from '../parts/dialog.tsx';
import { SHORTCUTS } from '../parts/shortcuts.ts';
import { Switch } from '../parts/switch.tsx';
import { type Store, useStore } from '../state/store.ts';

export interface HelpDialogProps {
  readonly hasShortcuts: Store<boolean>;
  readonly onClose: () => void;
}

export function HelpDialog({ hasShortcuts, onClose }: HelpDialogProps) {
  const isOn = useStore(hasShortcuts);
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <table class="shortcuts">
        <thead class="sr-only">
          <tr>
            <th>Key</th>
            <th>What it does</th>
          </tr>
        </thead>
        <tbody>
          {SHORTCUTS.map(({ keys, does }) => (
            <tr key={keys}>
              <td>{keys.split(' ').map((key) => (key === '+' ? ' + ' : <kbd key={key}>{key}</kbd>))}</td>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Switch isOn={isOn} onChange={hasShortcuts.set}>
        Single keys act while nobody types
      </Switch>
    </Dialog>
  );
}
