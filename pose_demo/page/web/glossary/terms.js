// The glossary's terms: what picture of this page shows each, and its formula in MathML. Words are in locales/.

/** @param {string} name @returns {(...inner: (string | number)[]) => string} */
const tag = (name) => (...inner) => `<${name}>${inner.join('')}</${name}>`;
const [i, n, o, row, sub, sup, frac, root, sum] = ['mi', 'mn', 'mo', 'mrow', 'msub', 'msup', 'mfrac', 'msqrt', 'munder']
  .map(tag);
const both = tag('msubsup');
/** @param {...string} inner */
const norm = (...inner) => row(o('‖'), ...inner, o('‖'));
/** @param {string} below */
const over = (below) => sum(o('∑'), below);
const e = (/** @type {string} */ power) => row(i('exp'), o('('), o('−'), power, o(')'));
const one = (/** @type {string} */ inner) => row(o('['), inner, o(']'));
const seen = one(row(sub(i('v'), i('j')), o('&gt;'), n(0)));

/**
 * picture -- "cells": these maps, or the first row of which there are all; "field" of the first of them; "film" of a
 * probe; "torso", "pck", "oks": drawn on the photo
 * @typedef {{ id: string, picture: string, cells?: string[][], formula: string }} Term
 */

const ROWS = [['stage3.module1.branch1.fused'], ['stack1.level2.merge']];
/** A Hourglass's answer: of the last of its stacks, which are eight in the paper. */
const LAST = [8, 7, 6, 5, 4, 3, 2, 1].map((stack) => [`stack${stack}.heatmaps`]);

/** @type {Term[]} */
export const TERMS = [
  { id: 'heatmap', picture: 'cells', cells: [['heatmaps'], ...LAST],
    formula: row(sub(i('H'), i('j')), o('('), i('u'), o(')'), o('='),
      e(frac(sup(norm(i('u'), o('−'), sub(i('p'), i('j'))), n(2)), row(n(2), sup(i('σ'), n(2)))))) },
  { id: 'stride', picture: 'cells',
    cells: [['stage4.module1.branch0', 'stage4.module1.branch3'], ['stack1.level0.skip', 'stack1.level4.bottom']],
    formula: row(i('s'), o('='), frac(i('W'), i('w'))) },
  { id: 'branch', picture: 'cells', cells: [[0, 1, 2, 3].map((b) => `stage4.module1.branch${b}`)],
    formula: row(sub(i('s'), i('b')), o('='), n(4), o('·'), sup(n(2), i('b')), o(','),
      sub(i('C'), i('b')), o('='), i('C'), o('·'), sup(n(2), i('b'))) },
  { id: 'fusion', picture: 'cells',
    cells: [[...[0, 1, 2].map((b) => `stage3.module1.branch${b}`), 'stage3.module1.branch1.fused']],
    formula: row(sub(i('y'), i('i')), o('='), i('ReLU'), o('('), over(i('j')), sub(i('f'), row(i('i'), i('j'))),
      o('('), sub(i('x'), i('j')), o(')'), o(')')) },
  { id: 'energy', picture: 'cells', cells: ROWS,
    formula: row(i('e'), o('('), i('u'), o(')'), o('='), root(row(frac(n(1), i('C')), over(i('c')),
      both(i('x'), i('c'), n(2)), o('('), i('u'), o(')')))) },
  { id: 'field', picture: 'field', cells: ROWS,
    formula: row(i('r'), o('='), n(1), o('+'), over(i('l')), o('('), sub(i('k'), i('l')), o('−'), n(1), o(')'),
      sum(o('∏'), row(i('m'), o('&lt;'), i('l'))), sub(i('s'), i('m'))) },
  { id: 'probe', picture: 'film',
    formula: row(sub(i('H'), i('m')), o('='), i('w'), o('·'), both(i('y'), n(0), row(o('('), i('m'), o(')'))), o('+'),
      i('b')) },
  { id: 'torso', picture: 'torso',
    formula: row(i('t'), o('='), norm(sub(i('p'), i('LS')), o('−'), sub(i('p'), i('RH')))) },
  { id: 'pck', picture: 'pck',
    formula: row(i('PCK'), o('='), frac(n(1), i('N')), over(i('j')),
      one(row(norm(tag('mover')(i('p'), o('^')), o('−'), i('p')), o('≤'), i('a'), i('t')))) },
  { id: 'oks', picture: 'oks',
    formula: row(i('OKS'), o('='), frac(row(over(i('j')), e(frac(both(i('d'), i('j'), n(2)),
      row(n(2), sup(i('s'), n(2)), both(i('k'), i('j'), n(2))))), seen), row(over(i('j')), seen))) },
];
