/**
 * Every refusal that Parley gives, by its stable code: the HTTP status and the sentence for people.
 * REST answers `{detail, code}` with the status; a WebSocket gives `{type: "error", message, code}`.
 */
export const errors = {
  malformed_request: [400, 'This is not a request that can be read'],
  malformed_body: [400, 'The request body could not be read'],
  file_missing: [400, 'The form has no file in the field "file"'],
  file_type_not_allowed: [400, 'File type not allowed'],
  file_too_large: [400, 'File too large'],

  token_missing: [401, 'No token was given'],
  invalid_token: [401, 'Invalid token'],
  token_expired: [401, 'The token has expired'],

  not_participant: [403, 'Not a participant in this conversation'],
  insufficient_role: [403, 'Your role in this conversation does not allow this'],
  not_message_owner: [403, 'Only the sender of a message may change it'],
  muted: [403, 'You are muted in this conversation'],
  system_only: [403, 'Only the service role may post system messages'],
  service_only: [403, 'Only the service role may do this'],
  host_not_allowed: [403, 'In demo mode this server answers to localhost alone'],
  origin_not_allowed: [403, 'Connections from this origin are not allowed'],
  url_signature_invalid: [403, 'The link is invalid or has expired'],

  not_found: [404, 'There is nothing at this address'],
  conversation_not_found: [404, 'Conversation not found'],
  message_not_found: [404, 'Message not found'],
  participant_not_found: [404, 'Participant not found'],
  file_not_found: [404, 'File not found'],

  method_not_allowed: [405, 'This address does not take this method'],

  request_timeout: [408, 'The request took too long to arrive'],

  idempotency_conflict: [409, 'This client_id was used before with a different request'],
  message_deleted: [409, 'The message has been deleted'],
  direct_conversation: [409, "A direct conversation's two participants are fixed"],
  last_admin: [409, 'A conversation keeps at least one admin: give somebody else that role first'],

  payload_too_large: [413, 'The request is too large'],
  unsupported_media_type: [415, 'This content type is not accepted here'],
  range_not_satisfiable: [416, 'The range lies outside the file'],
  validation_failed: [422, 'The request is not valid'],
  reply_not_found: [422, 'reply_to_id is not a message of this conversation'],
  upgrade_required: [426, 'This address speaks WebSocket only'],
  rate_limited: [429, 'Rate limit exceeded'],
  too_many_connections: [429, 'You have too many open connections; close some first'],
  headers_too_large: [431, "The request's headers are too large"],
  internal: [500, 'Something went wrong on our side'],
  unavailable: [503, 'The service is not available at the moment; please try again'],
  shutting_down: [503, 'The server is restarting; please try again'],
} as const satisfies Record<string, readonly [status: number, detail: string]>;

export type ErrorCode = keyof typeof errors;
export type ErrorStatus = (typeof errors)[ErrorCode][0];

/** Why a WebSocket was closed; after 4408, 4409, 1001 and 1006 a client reconnects with jitter. */
export const closeCodes = {
  going_away: 1001,
  frame_too_large: 1009,
  unauthorized: 4401,
  no_heartbeat: 4408,
  slow_reader: 4409,
  flood: 4429,
} as const;
