import { connect } from "node:net";

/** Whether somebody takes connections at an address and port within so many seconds. */
export function listens(host: string, port: number, seconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: seconds * 1000 });
    const end = (found: boolean): void => {
      socket.destroy();
      resolve(found);
    };
    socket.once("connect", () => {
      end(true);
    });
    for (const event of ["error", "timeout"])
      socket.once(event, () => {
        end(false);
      });
  });
}
