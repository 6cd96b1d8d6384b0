/**
 * Logs and snapshots of this computer: which there are, the one that is open, what is looked for in it, and the transaction or
 * node that is chosen.
 */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';

import type {
  LogRecord,
  LogRow,
  LogState,
  LogWindow,
  StoredFile,
  StoredKind,
} from '#contract/log-models.ts';
import type { TimingSummary } from '#contract/timing-models.ts';
import type { Subscription } from '#rpc/client.ts';

import { consoleLink } from '../api/console.ts';
import { codeOf, detailOf } from '../api/errors.ts';
import { isEmptyQuery, type LogQuery, NO_QUERY, readQuery } from '../model/log-filter.ts';
import { RowWindow } from '../model/row-window.ts';
import type { RowRange } from '../model/scaled-scroll.ts';
import { useNotices } from './notices.ts';

/** 'live': the log of a member, from file to file, by the folder it writes to. 'ensemble': that of whoever leads, without a path. */
export interface LogSource {
  readonly source: 'file' | 'live' | 'ensemble';
  readonly path: string;
}

interface View {
  readonly id: string;
  readonly kind: StoredKind;
  readonly rows: RowWindow<LogWindow>;
  readonly changes: Subscription;
}

export interface Chosen {
  readonly index: number;
  readonly row: LogRow;
  /** Null while it is on its way, and for places without one. */
  readonly record: LogRecord | null;
}

/** Somebody types: the service is asked once they pause. */
const TYPING_MS = 250;
/** Files that were opened by path and are still offered. */
const RECENT_MAX = 6;

export function isSameLine(a: LogRow | null, b: LogRow | null): boolean {
  if (a === null || b === null) return a === b;
  return a.kind === b.kind && a.at === b.at && zxidOf(a) === zxidOf(b);
}

function zxidOf(row: LogRow): number {
  return row.kind === 'txn' ? row.zxid : 0;
}

export const useLog = defineStore('log', () => {
  const notices = useNotices();
  /** Null before the service has told. */
  const files = shallowRef<readonly StoredFile[] | null>(null);
  const recent = shallowRef<readonly string[]>([]);
  const source = shallowRef<LogSource | null>(null);
  const kind = ref<StoredKind>('log');
  /** Why it cannot be opened, in the service's words. */
  const problem = ref<string | null>(null);
  const state = shallowRef<LogState | null>(null);
  const window = shallowRef<LogWindow | null>(null);
  const query = shallowRef<LogQuery>(NO_QUERY);
  const chosen = shallowRef<Chosen | null>(null);
  /** How many lines were there when somebody stopped the lines from moving; null while they move. */
  const pausedAt = ref<number | null>(null);
  let view: View | null = null;
  let opening = 0;
  let choosing = 0;
  let wanted: RowRange = { from: 0, count: 0 };
  let typing = 0;
  let isHere = false;
  let isFollowing = false;

  /** Of the members that write what is shown; they stand still with the lines. */
  const timings = shallowRef<TimingSummary | null>(null);
  watch([state, pausedAt], ([now, paused]) => {
    if (paused === null || now === null) timings.value = now?.timings ?? null;
  });
  const problems = computed(() => readQuery(query.value).problems);
  /** So many lines are scrolled: at the end, new ones count when they have come, so that no gap is ever seen there. */
  const shownCount = ref(0);
  const rowCount = computed(() => {
    const count = shownCount.value;
    return pausedAt.value === null ? count : Math.min(pausedAt.value, count);
  });

  consoleLink.onState(({ kind: link }) => {
    if (!isHere) return;
    if (link === 'open') void begin();
    if (link === 'lost') {
      opening++;
      leaveView();
    }
  });

  watch(
    query,
    (now, before) => {
      globalThis.clearTimeout(typing);
      // Buttons are pressed once; letters come one after the other.
      const isTyped = now.groups === before.groups;
      typing = globalThis.setTimeout(() => void applyQuery(), isTyped ? TYPING_MS : 0);
    },
    { flush: 'sync' },
  );

  /** The page is looked at. */
  async function enter(): Promise<void> {
    isHere = true;
    if (consoleLink.state.kind === 'open') await begin();
  }

  /** What was open is opened again on return. */
  function leave(): void {
    isHere = false;
    opening++;
    leaveView();
  }

  async function begin(): Promise<void> {
    await refreshFiles();
    source.value ??= liveSources()[0] ?? null;
    if (source.value !== null && view === null) await openView(source.value);
  }

  async function refreshFiles(): Promise<void> {
    try {
      files.value = await consoleLink.call('logs.files', null);
    } catch (error) {
      if (codeOf(error) !== 'not-connected') notices.showProblem(error);
    }
  }

  /** All members together, where there are several, and each one's own, in their order. */
  function liveSources(): LogSource[] {
    const all = files.value ?? [];
    const folders = new Set(all.map(({ folder }) => folder));
    const live = [...folders].map((path): LogSource => ({ source: 'live', path }));
    const members = new Set(all.map(({ member }) => member));
    members.delete(null);
    return members.size > 1 ? [{ source: 'ensemble', path: '' }, ...live] : live;
  }

  async function open(to: LogSource): Promise<void> {
    source.value = to;
    if (to.source === 'file' && files.value?.every(({ path }) => path !== to.path) !== false) {
      const others = recent.value.filter((path) => path !== to.path);
      recent.value = [to.path, ...others].slice(0, RECENT_MAX);
    }
    await openView(to);
  }

  async function openView(to: LogSource): Promise<void> {
    const number = ++opening;
    leaveView();
    problem.value = null;
    state.value = null;
    window.value = null;
    shownCount.value = 0;
    pausedAt.value = null;
    choose(null);
    let opened;
    try {
      opened = await consoleLink.call('logs.open', { source: to.source, path: to.path });
    } catch (error) {
      if (number === opening && codeOf(error) !== 'not-connected') problem.value = detailOf(error);
      return;
    }
    const { log } = opened;
    if (number !== opening) {
      void consoleLink.call('logs.close', { log }).catch(() => undefined);
      return;
    }
    const rows = new RowWindow<LogWindow>({
      ask: (range) => consoleLink.call('logs.window', { log, ...range }),
      onWindow: (now) => {
        window.value = now;
        if (isFollowing && pausedAt.value === null) shownCount.value = now.rowCount;
        followChosen(now);
      },
      onProblem: (error) => {
        if (codeOf(error) !== 'not-connected') notices.showProblem(error);
      },
    });
    const changes = consoleLink.subscribe(
      'log',
      { log },
      {
        onEvent: (event) => {
          const isMore = isFollowing && event.rowCount > shownCount.value && window.value !== null;
          state.value = event;
          if (!isMore) shownCount.value = event.rowCount;
          if (pausedAt.value !== null) return;
          if (isMore) rows.renew({ ...wanted, from: Math.max(0, event.rowCount - wanted.count) });
          else rows.refresh();
        },
      },
    );
    kind.value = opened.kind;
    view = { id: log, kind: opened.kind, rows, changes };
    if (!isEmptyQuery(query.value)) await applyQuery();
    rows.look(wanted);
  }

  function leaveView(): void {
    if (view === null) return;
    const { id, rows, changes } = view;
    view = null;
    rows.close();
    changes.close();
    if (consoleLink.state.kind === 'open')
      void consoleLink.call('logs.close', { log: id }).catch(() => undefined);
  }

  async function applyQuery(): Promise<void> {
    if (view === null) return;
    pausedAt.value = null;
    const { filter } = readQuery(query.value);
    try {
      await consoleLink.call('logs.filter', { log: view.id, filter });
    } catch (error) {
      if (codeOf(error) !== 'not-connected') notices.showProblem(error);
    }
  }

  /** Its times change while one looks, and its place when lines before it are forgotten. */
  function followChosen({ from, rows }: LogWindow): void {
    const before = chosen.value;
    if (before === null) return;
    const at = rows.findIndex((row) => isSameLine(row, before.row));
    const row = rows[at];
    if (row !== undefined) chosen.value = { ...before, index: from + at, row };
  }

  function choose(line: { readonly index: number; readonly row: LogRow } | null): void {
    const number = ++choosing;
    if (line === null || view === null) {
      chosen.value = null;
      return;
    }
    const { index, row } = line;
    const isSame = isSameLine(chosen.value?.row ?? null, row);
    chosen.value = { index, row, record: isSame ? (chosen.value?.record ?? null) : null };
    if (row.kind === 'mark' || chosen.value.record !== null) return;
    consoleLink.call('logs.record', { log: view.id, row: index, at: row.at }).then(
      (record) => {
        if (number === choosing) chosen.value = { index, row, record };
      },
      (error: unknown) => {
        if (number === choosing && codeOf(error) !== 'not-connected') notices.showProblem(error);
      },
    );
  }

  return {
    files,
    recent,
    source,
    kind,
    problem,
    state,
    timings,
    window,
    query,
    problems,
    chosen,
    pausedAt,
    rowCount,
    enter,
    leave,
    open,
    refreshFiles,
    liveSources,
    choose,
    search: (part: Partial<LogQuery>): void => {
      query.value = { ...query.value, ...part };
    },
    clearQuery: (): void => {
      query.value = NO_QUERY;
    },
    pause: (): void => {
      pausedAt.value = state.value?.rowCount ?? 0;
    },
    resume: (): void => {
      pausedAt.value = null;
      shownCount.value = state.value?.rowCount ?? 0;
      view?.rows.refresh();
    },
    stop: async (): Promise<void> => {
      if (view !== null) await consoleLink.call('logs.stop', { log: view.id });
    },
    /** Reads on after a stop, from the beginning. */
    restart: (): Promise<void> => applyQuery(),
    find: async (zxid: number): Promise<number | null> => {
      if (view === null) return null;
      return (await consoleLink.call('logs.find', { log: view.id, zxid })).row;
    },
    /** The end is looked at, and is to stay in sight. */
    follow: (isAtEnd: boolean): void => {
      isFollowing = isAtEnd;
      if (!isAtEnd) shownCount.value = state.value?.rowCount ?? 0;
    },
    look: (range: RowRange): void => {
      wanted = range;
      view?.rows.look(range);
    },
    rowAt: (index: number): LogRow | null => {
      const shown = window.value;
      return shown?.rows[index - shown.from] ?? null;
    },
  };
});
