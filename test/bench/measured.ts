/** Figures from what was measured, with the limits that the project keeps. */
import { median, type Figure } from "./figures.ts";
import type { Previews } from "./previews.ts";

/** One registration under mocks. */
export interface Registered {
  readonly resources: number;
  readonly seconds: number;
}

/** A rate for each size, and how the last one's compares with the first one's. */
export function registrationFigures(measured: readonly Registered[]): Figure[] {
  const rates = measured.map(({ resources, seconds }) => resources / seconds);
  const [first, last] = [rates[0] ?? Number.NaN, rates.at(-1) ?? Number.NaN];
  return [
    ...measured.map(({ resources, seconds }, index): Figure => ({
      name: `registration of ${resources} resources`,
      value: rates[index] ?? Number.NaN,
      unit: "/s",
      limit: { atLeast: 450 },
      detail: `${seconds.toFixed(2)} s`,
    })),
    {
      name: "registration: largest over smallest",
      value: last / first,
      unit: "x",
      limit: { atLeast: 0.8 },
      detail: rates.map((rate) => rate.toFixed(0)).join(", "),
    },
  ];
}

/**
 * What home's program adds to a preview of the resources that it registers. What these cost over an empty program is the
 * SDK's, the engine's and the plugins' time, so that ratio has no limit.
 */
export function previewFigures({ empty, site, replay, peakMiB }: Previews): Figure[] {
  const [less, more, least] = [median(empty), median(site), median(replay)];
  const detail = (seconds: number): string =>
    `medians of ${site.length}: ${more.toFixed(2)} s, ${seconds.toFixed(2)} s`;
  return [
    {
      name: "preview of home over its resources alone",
      value: more / least,
      unit: "x",
      limit: { atMost: 1.25 },
      detail: detail(least),
    },
    {
      name: "preview of home over an empty program's",
      value: more / less,
      unit: "x",
      detail: detail(less),
    },
    {
      name: "memory of home's program",
      value: peakMiB,
      unit: "MiB",
      limit: { atMost: 250 },
      detail: "peak of its node process",
    },
  ];
}
