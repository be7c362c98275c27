import { readAnswer } from './client.ts';
import type { FaultForm } from './fault.ts';
import { judge } from './judge.ts';
import { type Cell, faultyLeg, formOf, type Verdict } from './matrix.ts';
import { answerRightly, answerStatus } from './replies.ts';
import { type FaultParts, type LegPlan, type Scene, startScene } from './scene.ts';
import type { VendorWire } from './vendor-wire.ts';

/** A cell that has not ended by then never will. */
const CELL_LIMIT_MS = 60_000;

/** Runs one cell with an app and servers of its own and says whether it went as it must. It never rejects. */
export async function runCell(parts: FaultParts, cell: Cell): Promise<Verdict> {
  const form = formOf(cell.fault, cell.streamed);
  if (!form) throw new Error(`${cell.fault.name} has no such form.`);
  const legs = planLegs(parts, cell, form);
  const { idleTimeout } = form;
  const scene = await startScene(parts, {
    legs,
    streamed: cell.streamed,
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
  });
  const stage = { name: 'the answer' };
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), CELL_LIMIT_MS);
  const hangs = new Promise<Verdict>((resolve) => {
    const tell = (): void =>
      resolve({ seen: 'hangs', expected: 'an end', problems: [`the cell still waits for ${stage.name}`] });
    limit.signal.addEventListener('abort', tell, { once: true });
  });
  try {
    return await Promise.race([play(parts, scene, { cell, form }, stage, limit.signal), hangs]);
  } catch (error) {
    return { seen: 'throws', expected: 'an end', problems: [`at ${stage.name}: ${String(error)}`] };
  } finally {
    clearTimeout(timer);
    await scene.close();
  }
}

async function play(
  { texts }: FaultParts,
  scene: Scene,
  { cell, form }: { readonly cell: Cell; readonly form: FaultForm },
  stage: { name: string },
  signal: AbortSignal,
): Promise<Verdict> {
  const answer = await scene.ask({ signal });
  stage.name = 'the end of every exchange with an upstream';
  await scene.idle();
  stage.name = 'the end of every connection of the closed app';
  await scene.closeApp();
  return judge({ cell, form, scene, answer }, readAnswer(answer), texts);
}

/** The faulty leg, before it one that is down, behind it ones that are well, each of another vendor. */
function planLegs({ wires }: FaultParts, { provider, position }: Cell, form: FaultForm): LegPlan[] {
  const faulty = faultyLeg(position);
  const at = wires.findIndex((wire) => wire.provider === provider);
  return Array.from({ length: position === 'only' ? 1 : 3 }, (_, index) => {
    const wire = wires[(at + index - faulty + wires.length) % wires.length] as VendorWire;
    if (index === faulty) return { ...form, provider };
    const isDown = index < faulty;
    return { provider: wire.provider, reply: isDown ? answerStatus(503) : answerRightly };
  });
}
