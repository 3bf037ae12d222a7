/** An error in Connect's form: `{"status": 404, "message": "Item not found"}`. */
export class ConnectError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
