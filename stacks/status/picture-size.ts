/** For whom it is drawn: how wide it is, and how many boxes stand beside each other. */
export interface PictureSize {
  readonly width: number;
  readonly columns: number;
}

export const pictureSizes = {
  phone: { width: 360, columns: 1 },
  laptop: { width: 1080, columns: 4 },
} as const satisfies Readonly<Record<string, PictureSize>>;

/** Room between boxes beside each other, and between what stands below each other. */
export const gap = 16;
export const drop = 30;
