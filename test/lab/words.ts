/** Commands as they are written in tests. */

/** What a command's text may hold: one word or a part of one, or a list of whole words. */
export type Value = string | number | readonly string[];

/**
 * The words of a command. The text is split at blanks and no shell sees it: a value stays in one word whatever is in it, and
 * a list gives a word for each of its values. Throws when a list touches other text.
 */
export function words(text: TemplateStringsArray, ...values: readonly Value[]): readonly string[] {
  const found: string[] = [];
  let open: string | undefined;
  const close = (): void => {
    if (open !== undefined) found.push(open);
    open = undefined;
  };
  for (const [index, part] of text.entries()) {
    for (const piece of part.split(/(\s+)/).filter((one) => one !== "")) {
      if (/^\s/.test(piece)) close();
      else open = (open ?? "") + piece;
    }
    const value = values[index];
    if (value === undefined) continue;
    if (typeof value !== "object") open = `${open ?? ""}${value}`;
    else if (open === undefined && !/^\S/.test(text[index + 1] ?? "")) found.push(...value);
    else throw new Error(`a list of words touches other text in ${text.join("${}")}`);
  }
  close();
  return found;
}
