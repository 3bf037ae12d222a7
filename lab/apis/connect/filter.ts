import { ConnectError } from "./connect-error.ts";

/**
 * What a SCIM filter (RFC 7644, 3.4.2.2) leaves of a list. Of its operators `eq` on the title is supported, which vaults
 * also call `name`; any other is refused with 400.
 */
export function filterByTitle<T>(
  list: readonly T[],
  titleOf: (entry: T) => string,
  filter: string | undefined,
): readonly T[] {
  if (filter === undefined || filter === "") return list;
  const title = /^(?:title|name) eq "([^"]*)"$/i.exec(filter.trim())?.[1];
  if (title === undefined)
    throw new ConnectError(400, `the lab's 1Password Connect filters by title eq "TITLE" only`);
  return list.filter((entry) => titleOf(entry) === title);
}
