/** What the words after `npm test --` choose: suites, and of each by parts of their names files. */

/**
 * Reads `unit doctor lab faults killed`: a suite's name begins its words. Gives the words of each suite chosen: all suites,
 * without words, when there are no arguments. Throws when the first word is no suite's name.
 */
export function chooseSuites(
  args: readonly string[],
  suites: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  if (args.length === 0) return new Map(suites.map((name) => [name, []]));
  const chosen = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const word of args) {
    if (suites.includes(word)) {
      current = chosen.get(word) ?? [];
      chosen.set(word, current);
    } else if (current === undefined) {
      throw new Error(`no suite is called ${word}; there are ${suites.join(", ")}`);
    } else current.push(word);
  }
  return chosen;
}

/** Files whose names hold one of the words; all without words. Throws when a word is in no name, and lists the names. */
export function selectFiles(files: readonly string[], words: readonly string[]): readonly string[] {
  const missed = words.filter((word) => !files.some((file) => file.includes(word)));
  if (missed.length > 0)
    throw new Error(
      `no file has ${missed.join(" or ")} in its name; there are\n  ${files.join("\n  ")}`,
    );
  return words.length === 0
    ? files
    : files.filter((file) => words.some((word) => file.includes(word)));
}
