// One JSON text in on standard input, one out on standard output.

export async function input() {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  return JSON.parse(text);
}

export const output = (value) => console.log(JSON.stringify(value));

/** What a call of the SDK came to, with everything its caller can see of an error. */
export async function outcome(call) {
  try {
    return { answer: await call() };
  } catch (error) {
    return {
      error: {
        name: error.name,
        httpStatus: error.httpStatus,
        message: error.message,
        code: error.context?.body?.error?.code,
      },
    };
  }
}

/** What each call of a script comes to, by the name that it gives it; `call` answers what the call answered, or nothing. */
export function recorded() {
  const results = {};
  return { results, call: async (name, run) => (results[name] = await outcome(run)).answer };
}
