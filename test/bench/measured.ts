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

export function previewFigures({ empty, site, replay, peakMiB }: Previews): Figure[] {
  const [less, more, least] = [median(empty), median(site), median(replay)];
  return [
    {
      name: "preview of home over an empty program's",
      value: more / less,
      unit: "x",
      limit: { atMost: 1.8 },
      detail: `medians of ${site.length}: ${more.toFixed(2)} s, ${less.toFixed(2)} s`,
    },
    {
      name: "of it, Pulumi's own: home's resources without its program",
      value: least / less,
      unit: "x",
      detail: `${least.toFixed(2)} s`,
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
