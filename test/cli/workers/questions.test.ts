import { expect } from 'chai';
import { Questions } from '../../../src/cli/workers/questions.js';

describe('Questions', () => {
  const asked: [who: string, question: number][] = [];
  const questions = new Questions<string>((who, question) => asked.push([who, question]), 1);
  const metrics = [{ name: 'some_total', help: 'Some.', type: 'counter', values: [] }] as never;

  beforeEach(() => {
    asked.length = 0;
  });

  it('asks all, and ends with the last answer', async () => {
    const patient = new Questions<string>((who, question) => asked.push([who, question]), 1e9);
    const answers = patient.ask(['a', 'b']);
    for (const [who, question] of asked) patient.answer(question, who, metrics);
    expect([...(await answers).keys()]).to.deep.equal(['a', 'b']);
    expect(patient.size).to.equal(0);
  });

  it('does not wait for those who are gone, or cannot answer', async () => {
    const patient = new Questions<string>((who, question) => asked.push([who, question]), 1e9);
    const answers = patient.ask(['a', 'b', 'c']);
    const [[, question]] = asked as [[string, number]];
    patient.gone('b');
    patient.answer(question, 'c', undefined);
    patient.answer(question, 'a', metrics);
    expect([...(await answers).keys()]).to.deep.equal(['a']);
  });

  it('waits no longer than the limit, and takes nothing that comes later or from somebody else', async () => {
    const answers = questions.ask(['a', 'b']);
    const [[, question]] = asked as [[string, number]];
    questions.answer(question, 'a', metrics);
    questions.answer(question, 'stranger', metrics);
    expect([...(await answers).keys()]).to.deep.equal(['a']);
    questions.answer(question, 'b', metrics);
    expect([...(await answers).keys()]).to.deep.equal(['a']);
    expect(questions.size).to.equal(0);
  });

  it('has its answer at once when there is nobody to ask', async () => {
    expect((await questions.ask([])).size).to.equal(0);
  });
});
