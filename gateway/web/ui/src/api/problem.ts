/** Every way a request can fail, as one type: the gateway said no, or it could not be asked. */

export const PROBLEM_CODES = [
  "sign_in_required",
  "wrong_credentials",
  "too_many_tries",
  "csrf",
  "access_denied",
  "not_found",
  "conflict",
  "already_judged",
  "undo_too_late",
  "held",
  "taken",
  "not_open",
  "closed",
  "nothing_seen",
  "dwell_s",
  "shown",
  "wrong_code",
  "invalid",
  "unavailable",
  "network",
  "timeout",
  "file_lost",
  "unexpected",
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

const BY_STATUS: Record<number, ProblemCode> = {
  400: "invalid",
  401: "sign_in_required",
  403: "access_denied",
  404: "not_found",
  409: "conflict",
  422: "invalid",
  429: "too_many_tries",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

export class ApiProblem extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly status = 0,
    readonly detail = "",
    readonly retryAfterS: number | null = null,
    readonly word: string = code, // the gateway's own code, also where it is not among the common ones
    readonly body: Record<string, unknown> = {}, // the whole answer: some say more, the problems of a document for one
  ) {
    super(`${code} (${status})`);
    this.name = "ApiProblem";
  }

  /** True when asking again later may help: the line or the gateway is down, the request itself is fine. */
  get passing(): boolean {
    return ["network", "timeout", "unavailable", "too_many_tries"].includes(this.code) || this.status >= 500;
  }

  /** True when the gateway could not be reached at all. */
  get offline(): boolean {
    return this.code === "network" || this.code === "timeout";
  }
}

export function asProblem(error: unknown): ApiProblem {
  return error instanceof ApiProblem ? error : new ApiProblem("unexpected", 0, String(error));
}

export async function readProblem(response: Response): Promise<ApiProblem> {
  const body: unknown = await response.json().catch(() => null);
  const said = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const known = PROBLEM_CODES.find((code) => code === said.code);
  const retryAfter = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return new ApiProblem(
    known ?? BY_STATUS[response.status] ?? "unexpected",
    response.status,
    typeof said.detail === "string" ? said.detail : "",
    Number.isNaN(retryAfter) ? null : retryAfter,
    typeof said.code === "string" ? said.code : undefined,
    said,
  );
}
