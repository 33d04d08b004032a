/** What a service failed with. `code` says what it is, for programs. */
export class ServiceError extends Error {
  constructor(code, message, detail = "") {
    super(message);
    this.name = "ServiceError";
    this.code = code;
    this.detail = detail;
  }
}
