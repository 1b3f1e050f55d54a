import js from '@eslint/js';

const browser = ['window', 'globalThis', 'self', 'top', 'parent', 'event', 'name', 'status'];

export default [
  js.configs.recommended,
  {
    rules: {
      'no-undef': 'off', // tsc knows what there is
      'no-restricted-globals': ['error', ...browser], // the store is what parts share
      'no-var': 'error', 'prefer-const': ['error', { destructuring: 'all' }], eqeqeq: 'error', 'no-shadow': 'error',
    },
  },
  { files: ['**/loader.js'], languageOptions: { sourceType: 'script' }, rules: { 'no-unused-vars': 'off' } },
];
