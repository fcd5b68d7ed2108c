import { expect, it } from 'vitest';
import { problemOf, toProblem } from './problem.ts';

const rfcs = 'https://datatracker.ietf.org/doc/html';

it.each([
  [400, 'One or more validation errors occurred.', `${rfcs}/rfc7231#section-6.5.1`],
  [403, 'Forbidden.', `${rfcs}/rfc7231#section-6.5.3`],
  [404, 'Resource not found.', `${rfcs}/rfc7231#section-6.5.4`],
  [406, 'Requested content type is not acceptable.', `${rfcs}/rfc7231#section-6.5.6`],
  [409, 'Conflict.', `${rfcs}/rfc7231#section-6.5.8`],
  [410, 'Resource no longer available.', `${rfcs}/rfc7231#section-6.5.9`],
  [412, 'Precondition failed.', `${rfcs}/rfc7232#section-4.2`],
  [413, 'Payload too large. The maximum allowed size is 20000000 bytes.', `${rfcs}/rfc7231#section-6.5.11`],
  [422, 'Unprocessable request.', `${rfcs}/rfc4918#section-11.2`],
  [502, 'Bad gateway.', `${rfcs}/rfc7231#section-6.6.3`],
  [500, 'An error occurred while processing the request.', `${rfcs}/rfc7231#section-6.6.1`],
  [503, 'An error occurred while processing the request.', `${rfcs}/rfc7231#section-6.6.1`],
])('a problem of status %i has its title and type, and nothing that it was not given', (status, title, type) => {
  expect(problemOf(status)).toStrictEqual({ status, title, type });
});

it('tells errors and detail when there are any', () => {
  const errors = { DialogEntity: ['Dialog (1)'] };
  expect(problemOf(404, errors, 'Gone fishing.')).toMatchObject({ errors, detail: 'Gone fishing.' });
  expect(toProblem({ status: 404, errors })).toEqual(problemOf(404, errors));
  expect(toProblem({ status: 412 })).not.toHaveProperty('errors');
});
