/** Dashboards as code: what Grafana reads of a dashboard's JSON, and no more. */
import { lokiSource } from "../names.ts";

/** A question to Prometheus, or to Loki; `legend` names its lines by their labels, `{{label}}`. */
export interface Query {
  readonly expression: string;
  readonly legend?: string;
}

/** Colour from a value on; the first has no value and is that of all below. */
export interface Step {
  readonly color: "green" | "yellow" | "red" | "blue";
  readonly from?: number;
}

export interface Panel {
  readonly kind: "stat" | "timeseries" | "table" | "logs";
  /** Who is asked; Prometheus when left out. */
  readonly source?: "loki";
  readonly title: string;
  readonly queries: readonly Query[];
  /** Grafana's word for the unit, such as `bytes` or `percentunit`. */
  readonly unit: string;
  /** Columns of 24, and rows. */
  readonly width: number;
  readonly height: number;
  readonly steps: readonly Step[];
  /** Words in place of numbers. */
  readonly words?: Readonly<Record<number, string>>;
  /** Highest value of the axis. */
  readonly max?: number;
}

export interface Dashboard {
  /** Name of its ConfigMap and file, and its address in Grafana. */
  readonly name: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

type Look = Partial<
  Pick<Panel, "source" | "unit" | "width" | "height" | "steps" | "words" | "max">
>;

const calm: readonly Step[] = [{ color: "blue" }];

/** Good at zero. */
export const noneIsGood: readonly Step[] = [{ color: "green" }, { color: "red", from: 1 }];

/** One number, the last. */
export function stat(title: string, expression: string, look: Look = {}): Panel {
  return {
    ...{ kind: "stat", title, queries: [{ expression }], unit: "short" },
    ...{ width: 4, height: 4, steps: calm },
    ...look,
  };
}

/** Lines over time. */
export function graph(title: string, queries: readonly Query[], look: Look = {}): Panel {
  return {
    ...{ kind: "timeseries", title, queries, unit: "short" },
    ...{ width: 12, height: 8, steps: calm },
    ...look,
  };
}

/** What there is right now, a line a series with its labels. */
export function table(title: string, expression: string, look: Look = {}): Panel {
  return {
    ...{ kind: "table", title, queries: [{ expression }], unit: "short" },
    ...{ width: 24, height: 8, steps: calm },
    ...look,
  };
}

/** Lines as they are, the youngest first. */
export function lines(title: string, expression: string, look: Look = {}): Panel {
  return {
    ...{ kind: "logs", source: "loki", title, queries: [{ expression }], unit: "short" },
    ...{ width: 24, height: 10, steps: calm },
    ...look,
  };
}

/** The chart's data source (values.yaml, `grafana.sidecar.datasources.uid`), and the one that comes with logs. */
const sources = {
  prometheus: { type: "prometheus", uid: "prometheus" },
  loki: lokiSource,
} as const;

const sourceOf = ({ source }: Panel) => sources[source ?? "prometheus"];

/** Panels from left to right, a new line where one is full. */
function places(panels: readonly Panel[]): readonly { readonly x: number; readonly y: number }[] {
  let [x, y, tallest] = [0, 0, 0];
  return panels.map(({ width, height }) => {
    if (x + width > 24) [x, y, tallest] = [0, y + tallest, 0];
    const place = { x, y };
    x += width;
    tallest = Math.max(tallest, height);
    return place;
  });
}

/**
 * A dashboard as Grafana reads it.
 * @see https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
 */
export function dashboardJson({ name, title, panels }: Dashboard) {
  const at = places(panels);
  return {
    ...{ uid: name, title, tags: ["homelab"], schemaVersion: 39, editable: false },
    ...{ time: { from: "now-6h", to: "now" }, refresh: "1m", timezone: "browser" },
    links: [{ type: "dashboards", title: "Homelab", tags: ["homelab"], keepTime: true }],
    panels: panels.map((panel, i) => ({
      ...{ id: i + 1, type: panel.kind, title: panel.title, datasource: sourceOf(panel) },
      gridPos: { ...at[i], w: panel.width, h: panel.height },
      targets: panel.queries.map((query, number) => target(panel, query, number)),
      fieldConfig: { defaults: field(panel), overrides: [] },
      options: options[panel.kind],
    })),
  };
}

function target(panel: Panel, { expression, legend }: Query, number: number) {
  const { kind } = panel;
  const name = String.fromCharCode(65 + number);
  const asked = { refId: name, datasource: sourceOf(panel), expr: expression };
  const named = legend === undefined ? {} : { legendFormat: legend };
  // Loki's own word for it (grafana, public/app/plugins/datasource/loki/dataquery.cue).
  if (panel.source === "loki") return { ...asked, ...named, queryType: "range" };
  return {
    ...asked,
    ...named,
    ...(kind === "timeseries" ? {} : { instant: true, range: false }),
    ...(kind === "table" ? { format: "table" } : {}),
  };
}

function field({ kind, unit, steps, words, max }: Panel) {
  return {
    ...{ unit, min: kind === "timeseries" ? 0 : undefined, max },
    color: { mode: kind === "timeseries" ? "palette-classic" : "thresholds" },
    thresholds: {
      mode: "absolute",
      steps: steps.map(({ color, from }) => ({ color, value: from ?? null })),
    },
    mappings: words === undefined ? [] : [{ type: "value", options: texts(words) }],
  };
}

const texts = (words: Readonly<Record<number, string>>) =>
  Object.fromEntries(Object.entries(words).map(([value, text]) => [value, { text }]));

const options = {
  stat: { reduceOptions: { calcs: ["lastNotNull"] }, colorMode: "background", graphMode: "none" },
  timeseries: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
  table: { showHeader: true },
  logs: { showTime: true, wrapLogMessage: true, sortOrder: "Descending" },
} as const;
