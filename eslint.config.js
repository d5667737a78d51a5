import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'node_modules/**',
      'prisma/client/**',
      '.augury/**',
      'bin/**',
      '**/*.mjs',
      '**/*.cjs',
      '*.js',
      '*.config.ts',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true },
      ],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      // Rooms pass functions, not services: stores and use cases are closures without `this`.
      '@typescript-eslint/unbound-method': 'off',
      // GraphQL classes are declarations: resolvers answer plain objects of their shape.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      'max-lines': ['error', { max: 400, skipComments: false, skipBlankLines: false }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    // Index arithmetic over typed arrays: the bound is the loop's, not the compiler's to see.
    files: ['src/numeric/**', 'src/onnx/**', 'src/scorer/**', 'src/model/train/**', 'test/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['src/cli/**', 'src/main.ts', 'prisma/migrate-cli.ts', 'test/**', 'jobs/main.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    // Tests read answers of the wire, which are untyped until asserted.
    files: ['test/**'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
