import { perRequest, type RequestContext } from './context.js';

/** Reads what belongs to a key once a request, for all fields that ask for it; a failure is told to all of them. */
export function oncePerRequest<T>(
  read: (key: string) => Promise<T>,
): (context: RequestContext, key: string) => Promise<T> {
  const known = perRequest(() => new Map<string, Promise<T>>());
  return (context, key) => {
    const answers = known(context);
    let answer = answers.get(key);
    if (!answer) answers.set(key, (answer = read(key)));
    return answer;
  };
}
