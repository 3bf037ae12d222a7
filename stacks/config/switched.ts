import { z } from "zod";

/**
 * The section of a part that a site has unless it says `enabled: false`: a site that does not name it gets it with its
 * defaults. `about` is the line that people read of the section.
 */
export function switched<Shape extends z.core.$ZodLooseShape>(about: string, shape: Shape) {
  return z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .describe(
          "Whether the site has this part; what its state holds goes when it is switched off",
        ),
      ...shape,
    })
    .prefault({} as never)
    .describe(about);
}

/** A section with what was made of it, or undefined where the part is switched off. */
export function whereOn<Section extends { readonly enabled: boolean }, Made>(
  section: Section,
  make: (section: Omit<Section, "enabled">) => Made,
): Made | undefined {
  const { enabled, ...rest } = section;
  return enabled ? make(rest) : undefined;
}
