import { type Dice, dice } from './random.ts';

/** A drawing that scenes are composed of. */
export interface SceneDrawing {
  className: string;
  /** File of the drawing, with transparency. */
  source: string;
  /** Drawings of one group are variants of one glyph. */
  group: string;
}

/** What will be on a scene. */
export interface PlannedScene {
  drawings: SceneDrawing[];
  group: string;
  seed: number;
}

/** Glyphs are shared out among so many packs; a scene takes all of its glyphs from one. */
const PACKS = 20;
const FEWEST = 2;
const MOST = 6;

/**
 * Chooses two to six drawings for every scene, the classes equally often. A pack's glyphs are used up before one comes again,
 * and scenes take turns among the packs, so that the scenes can be split into groups without a common glyph.
 */
export function planScenes(
  drawings: readonly SceneDrawing[],
  { count, seed }: { count: number; seed: number },
): PlannedScene[] {
  const random = dice(seed);
  const packs = packsOf(drawings, random);
  const plans: PlannedScene[] = [];
  for (let i = 0; i < count; i += 1) {
    const pack = packs[i % packs.length];
    if (pack === undefined) break;
    const size = random.whole(FEWEST, MOST);
    const chosen = Array.from({ length: size }, () => pack.next(random));
    plans.push({ drawings: chosen, group: pack.name, seed: random.whole(0, 2 ** 31) });
  }
  return plans;
}

interface Pack {
  /** Its first glyph. */
  name: string;
  next(random: Dice): SceneDrawing;
}

function packsOf(drawings: readonly SceneDrawing[], random: Dice): Pack[] {
  const byClass = [...Map.groupBy(drawings, ({ className }) => className).values()].map((own) =>
    random.shuffle([...Map.groupBy(own, ({ group }) => group).values()]),
  );
  // Every pack holds a glyph of every class.
  const packs = Math.min(PACKS, ...byClass.map((glyphs) => glyphs.length));
  return Array.from({ length: drawings.length === 0 ? 0 : packs }, (_, pack) =>
    packOf(byClass.map((glyphs) => glyphs.filter((_glyph, i) => i % packs === pack))),
  );
}

function packOf(byClass: readonly SceneDrawing[][][]): Pack {
  const turns = byClass.map(() => 0);
  const next = (random: Dice) => {
    const at = random.whole(0, byClass.length - 1);
    const glyphs = byClass[at] ?? [];
    const turn = turns[at] ?? 0;
    turns[at] = turn + 1;
    return random.pick(glyphs[turn % glyphs.length] ?? []);
  };
  return { name: byClass[0]?.[0]?.[0]?.group ?? '', next };
}
