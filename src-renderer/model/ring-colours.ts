/**
 * Colours of the circle: each zone has one of the colours that things are compared by, and its nodes are shades of it, so that
 * both can be told apart at a glance. What of a copy is not as it should be makes it paler.
 */
import { NOBODY, type RingNode } from '#contract/ring-models.ts';

import { type RingHealth, type RingStanding, STANDINGS, zonePlaces } from './ring-health.ts';
import type { Cells, Rgb } from './ring-raster.ts';
import type { RingTable } from './ring-table.ts';

export const ZONE_COLOURS = 8;

/** The tokens this drawing is made of, as the theme has them. */
export interface RingPalette {
  readonly zones: readonly Rgb[];
  readonly surface: Rgb;
  readonly ink: Rgb;
  readonly quiet: Rgb;
  readonly line: Rgb;
  readonly traffic: Rgb;
  readonly accent: Rgb;
  readonly standings: Readonly<Record<RingStanding, Rgb>>;
}

/** Of a mark: its line, and what it lays over what is below. */
export interface RingTints {
  readonly line: string;
  /** Around the line, so that it is seen on every colour. */
  readonly halo: string;
  readonly fill: string;
}

/** `#rrggbb`, as tokens are written. */
export function rgbOf(text: string): Rgb {
  const hex = text.trim().replace('#', '');
  const byte = (at: number): number => Number.parseInt(hex.slice(at, at + 2), 16) || 0;
  return [byte(0), byte(2), byte(4)];
}

export function cssOf([red, green, blue]: Rgb, opacity = 1): string {
  return `rgb(${red} ${green} ${blue} / ${opacity})`;
}

function mix(a: Rgb, b: Rgb, share: number): Rgb {
  const at = (i: 0 | 1 | 2): number => Math.round(a[i] + (b[i] - a[i]) * share);
  return [at(0), at(1), at(2)];
}

/** How far the palest and the strongest shade of a zone are from its colour. */
const PALER = 0.5;
const STRONGER = 0.34;

/** By a node's place in the list. */
export function nodeColours(
  nodes: readonly Pick<RingNode, 'region' | 'zone'>[],
  palette: RingPalette,
): Rgb[] {
  const zones = zonePlaces(nodes);
  const seen = new Map<number, number>();
  const sizes = new Map<number, number>();
  for (const zone of zones) sizes.set(zone, (sizes.get(zone) ?? 0) + 1);
  return zones.map((zone) => {
    const nth = seen.get(zone) ?? 0;
    seen.set(zone, nth + 1);
    const base = palette.zones[zone % ZONE_COLOURS]!;
    const count = sizes.get(zone)!;
    if (count === 1) return base;
    // From strong to pale, the colour itself in the middle.
    const share = (nth / (count - 1)) * 2 - 1;
    return share < 0
      ? mix(base, palette.ink, -share * STRONGER)
      : mix(base, palette.surface, share * PALER);
  });
}

const OPACITY = { inSync: 255, learning: 130, behind: 95, away: 40 } as const;
/** Of what is not meant, while some of it is. */
const ASIDE = 0.14;

export interface CopyCells {
  /** Bands of cells, leaders first. */
  readonly bands: readonly Cells[];
}

/** @param meant which nodes to bring out, or null for all alike */
export function copyCells(
  table: RingTable,
  parts: {
    readonly nodes: readonly RingNode[];
    readonly colours: readonly Rgb[];
    readonly without: ReadonlySet<number>;
    readonly meant: ReadonlySet<number> | null;
  },
): CopyCells {
  const { partitionCount, width, copies, inSync, learning, leaders } = table;
  const { nodes, colours, without, meant } = parts;
  const bands = Array.from({ length: width }, () => new Uint8ClampedArray(partitionCount * 4));
  const isThere = nodes.map(({ isAlive }, place) => isAlive && !without.has(place));
  const write = (band: number, p: number, node: number, opacity: number): void => {
    const [red, green, blue] = colours[node]!;
    const cells = bands[band]!;
    const aside = meant === null || meant.has(node) ? 1 : ASIDE;
    cells[p * 4] = red;
    cells[p * 4 + 1] = green;
    cells[p * 4 + 2] = blue;
    cells[p * 4 + 3] = (isThere[node] === true ? opacity : OPACITY.away) * aside;
  };
  for (let p = 0; p < partitionCount; p++) {
    const leader = leaders[p]!;
    // Without a leader the first band stays empty, which is what there is to see.
    if (leader !== NOBODY) write(0, p, leader, OPACITY.inSync);
    let band = 1;
    for (let i = 0; i < width && band < width; i++) {
      const node = copies[p * width + i]!;
      if (node === NOBODY || node === leader) continue;
      const bit = 1 << i;
      const opacity =
        (inSync[p]! & bit) !== 0
          ? OPACITY.inSync
          : (learning[p]! & bit) !== 0
            ? OPACITY.learning
            : OPACITY.behind;
      write(band++, p, node, opacity);
    }
  }
  return { bands };
}

/** @param isMeant which standings to bring out */
export function healthCells(
  health: RingHealth,
  palette: RingPalette,
  isMeant: (standing: RingStanding) => boolean,
): Cells {
  const { standings } = health;
  const cells = new Uint8ClampedArray(standings.length * 4);
  const colours = STANDINGS.map((standing) => palette.standings[standing]);
  const opacities = STANDINGS.map((standing) => (isMeant(standing) ? 255 : 255 * ASIDE));
  for (let p = 0; p < standings.length; p++) {
    const standing = standings[p]!;
    const [red, green, blue] = colours[standing]!;
    cells[p * 4] = red;
    cells[p * 4 + 1] = green;
    cells[p * 4 + 2] = blue;
    cells[p * 4 + 3] = opacities[standing]!;
  }
  return cells;
}

/** How much paler a node is that joins a zone which has others. */
const JOINING = 0.62;

/**
 * Of nodes today and staged: whoever is there keeps its colour, wherever it is moved; who joins has that of its zone, or the next
 * one that is free.
 */
export function stagedColours(
  nodes: readonly {
    readonly before: Pick<RingNode, 'region' | 'zone'> | null;
    readonly after: Pick<RingNode, 'region' | 'zone'> | null;
  }[],
  palette: RingPalette,
): Rgb[] {
  const today = nodes.flatMap(({ before }) => (before === null ? [] : [before]));
  const colours = nodeColours(today, palette);
  const zones = [...new Set(today.map(({ region, zone }) => `${region}/${zone}`))].sort();
  const known = zones.length;
  return nodes.map(({ before, after }) => {
    if (before !== null) return colours[today.indexOf(before)]!;
    const name = after === null ? '' : `${after.region}/${after.zone}`;
    if (!zones.includes(name)) zones.push(name);
    const place = zones.indexOf(name);
    const base = palette.zones[place % ZONE_COLOURS]!;
    return place < known ? mix(base, palette.surface, JOINING) : base;
  });
}
