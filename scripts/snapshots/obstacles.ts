/** How a server was found: `lives`, `down` or `bare`, or why it could not be asked. */
export type Seen =
  | { readonly name: string; readonly state: string }
  | { readonly name: string; readonly away: string };

/** What stands against a restore, each with what to do; `seen` has the server first that begins the cluster. */
export function obstacles(site: string, seen: readonly Seen[]): readonly string[] {
  return seen.flatMap((server, i) => {
    const { name } = server;
    if ("away" in server)
      return [
        `${name} cannot be asked (${server.away}): if it is gone, npm run up -- --stack ${site} builds it anew; ` +
          "a server that comes back later with the old database would stand against the restored one",
      ];
    if (server.state === "lives")
      return [
        `${name}: its API is ready, the cluster lives, and a restore would take back all that came after the snapshot; ` +
          `if that is what you want, end it first on each server: ssh root@${name} systemctl stop rke2-server`,
      ];
    if (i === 0 && server.state !== "down")
      return [
        `${name}: RKE2 is not installed on it; npm run up -- --stack ${site} prepares it, and stops where the restore goes on`,
      ];
    return [];
  });
}
