// A host application that knows nothing of webhooks: it writes its payments through Prisma's own API.
// Performs each step that a line of its input names, and answers with one line of JSON: {"step", "result"}.
"use strict";

const readline = require("node:readline");
const { PrismaPg } = require("@prisma/adapter-pg");
const { PrismaClient } = require("@prisma/client");

const CLINIC = process.env.CLINIC;
const OTHER_CLINIC = process.env.OTHER_CLINIC;

const prisma = new PrismaClient({
  adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }),
  // Prisma's own 2 and 5 seconds may be too few on a machine that does other things as well.
  transactionOptions: { maxWait: 60_000, timeout: 60_000 },
});
const payments = prisma.paymentTransaction;

let id; // of the payment that the step "create" made

const change = (data) => payments.update({ where: { id }, data });

const steps = {
  create: async () => {
    const payment = await payments.create({
      data: {
        clinic: { connect: { id: CLINIC } },
        checkout: { create: { reference: "checkout-1", clinic: { connect: { id: CLINIC } } } },
        totalAmount: "149.90",
        metadata: { installments: 3 },
      },
      include: { checkout: true },
    });
    id = payment.id;
    return payment;
  },

  pay: () => change({ status: "PAID" }),

  refundPart: () => change({ refundedAmount: "20.05" }),

  refundMore: () => change({ refundedAmount: { increment: "9.95" } }),

  refundAll: () => change({ refundedAmount: "149.90", status: "REFUNDED" }),

  // Writes what is there already: only updatedAt changes.
  saveUnchanged: async () => {
    const before = await payments.findUniqueOrThrow({ where: { id } });
    const after = await change({ status: before.status, totalAmount: before.totalAmount });
    return { before, after };
  },

  annotate: () => change({ metadata: { installments: 6 }, providerReference: "reference-0" }),

  createForOtherClinic: () => payments.create({ data: { clinicId: OTHER_CLINIC, totalAmount: "10" } }),

  remove: () => payments.delete({ where: { id } }),

  createMany: async () => {
    const data = ["10", "20.5", "0.01"].map((totalAmount) => ({ clinicId: CLINIC, totalAmount }));
    const { count } = await payments.createMany({ data });
    return { count, payments: await payments.findMany({ where: { status: "PENDING", clinicId: CLINIC } }) };
  },

  createManyAndReturn: () =>
    payments.createManyAndReturn({
      data: [
        { clinicId: CLINIC, totalAmount: "30" },
        { clinicId: OTHER_CLINIC, totalAmount: "40" },
      ],
    }),

  // Of every clinic, whatever the status is.
  payAll: () => payments.updateMany({ data: { status: "PAID" } }),

  failAllPaid: () =>
    payments.updateManyAndReturn({ where: { status: "PAID", clinicId: CLINIC }, data: { status: "FAILED" } }),

  // The first call inserts, the second updates.
  upsert: () =>
    payments.upsert({
      where: { providerReference: "reference-1" },
      create: { providerReference: "reference-1", clinicId: CLINIC, totalAmount: "50" },
      update: { status: "PAID" },
    }),

  throughClinic: () =>
    prisma.clinic.update({
      where: { id: CLINIC },
      data: {
        name: "One, renamed",
        payments: {
          create: { totalAmount: "60", checkout: { create: { reference: "checkout-2", clinicId: CLINIC } } },
          update: { where: { id }, data: { status: "FAILED" } },
        },
      },
      include: { payments: true },
    }),

  rolledBackTransaction: () => {
    let inside;
    const transaction = prisma.$transaction(async (tx) => {
      const created = await tx.paymentTransaction.create({ data: { clinicId: CLINIC, totalAmount: "70" } });
      const changed = await tx.paymentTransaction.update({ where: { id }, data: { status: "FAILED" } });
      await tx.paymentTransaction.updateMany({ data: { refundedAmount: "1" } });
      inside = { created, changed };
      throw new Error("the application thinks again");
    });
    return outcome(transaction, () => inside);
  },

  rolledBackBatch: () =>
    outcome(
      prisma.$transaction([
        change({ status: "FAILED" }),
        payments.create({ data: { id, clinicId: CLINIC, totalAmount: "80" } }),
      ]),
    ),

  committedTransaction: () =>
    prisma.$transaction(
      async (tx) => {
        await tx.paymentTransaction.update({ where: { id }, data: { status: "PAID" } });
        await tx.paymentTransaction.update({ where: { id }, data: { status: "FAILED", refundedAmount: "5" } });
        return tx.paymentTransaction.findUniqueOrThrow({ where: { id } });
      },
      { isolationLevel: "Serializable" },
    ),

  committedBatch: () =>
    prisma.$transaction([
      payments.create({ data: { clinicId: CLINIC, totalAmount: "90" } }),
      change({ status: "PENDING", refundedAmount: null }),
      change({ refundedAmount: "6" }),
    ]),
};

/** How a transaction that must fail did so, and what it had seen. */
async function outcome(transaction, seen = () => null) {
  try {
    return { committed: await transaction };
  } catch (error) {
    return { error: error.code ?? error.message, seen: seen() };
  }
}

async function main() {
  for await (const step of readline.createInterface({ input: process.stdin })) {
    const result = await steps[step]();
    process.stdout.write(`${JSON.stringify({ step, result })}\n`);
  }
  await prisma.$disconnect();
}

main();
