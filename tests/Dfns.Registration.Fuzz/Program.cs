using System.Security.Cryptography;
using Dfns.Registration.Fuzz;
using SharpFuzz;

// What the tests do not need and a person does; README.md says how long runs go.
//   list                    the targets
//   seeds FOLDER            writes each target's seeds to FOLDER/<target>
//   fuzz TARGET             serves afl-fuzz: takes inputs on standard input until it has enough of them
//   run TARGET FILE…        takes the inputs of files, one after the other
switch (args)
{
    case ["list"]:
        foreach (var target in FuzzTarget.All) Console.WriteLine(target.Name);
        return 0;

    case ["seeds", var folder]:
        foreach (var target in FuzzTarget.All)
        {
            var seeds = Directory.CreateDirectory(Path.Combine(folder, target.Name));
            foreach (var seed in target.Seeds())
                await File.WriteAllBytesAsync(Path.Combine(seeds.FullName, Convert.ToHexStringLower(SHA256.HashData(seed))[..16]), seed);
        }

        return 0;

    case ["fuzz", var name]:
        var fuzzed = FuzzTarget.Named(name);
        Fuzzer.Run(stream =>
        {
            using var input = new MemoryStream();
            stream.CopyTo(input);
            fuzzed.Run(input.Length > FuzzTarget.MaxInputSizeBytes ? input.ToArray()[..FuzzTarget.MaxInputSizeBytes] : input.ToArray());
        });
        return 0;

    case ["run", var name, .. var files]:
        foreach (var file in files)
        {
            FuzzTarget.Named(name).Run(await File.ReadAllBytesAsync(file));
            Console.WriteLine($"{file}: holds");
        }

        return 0;

    default:
        await Console.Error.WriteLineAsync("usage: list | seeds FOLDER | fuzz TARGET | run TARGET FILE…");
        return 2;
}
