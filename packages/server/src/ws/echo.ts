/** The number that a frame bears, for its answer to repeat. */
export const echo = (frame: { readonly request_id?: string }): { request_id?: string } =>
  frame.request_id === undefined ? {} : { request_id: frame.request_id };
