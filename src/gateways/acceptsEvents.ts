/**
 * Whether who sent this header `Accept` takes `text/event-stream`. Who sends none takes everything; quality 0 means "not
 * this one".
 */
export function acceptsEvents(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const isFitting = type === '*/*' || type === 'text/*' || type === 'text/event-stream';
    return isFitting && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
