# Completion of `cargo xtask` for PowerShell, written by `cargo xtask completions powershell`. PowerShell has one completion for
# a command: this one completes `cargo xtask` and the word `xtask` itself. Elsewhere it leaves you with file names.

$CargoXtaskVerbs = @{
# TABLE
}

Register-ArgumentCompleter -Native -CommandName cargo -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $typed = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
    function Show($text, $about) {
        if ($text -like "$wordToComplete*") {
            if (-not $about) { $about = $text }
            [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $about)
        }
    }
    function ShowKind($kind) {
        if ($kind -eq '<exercises>') {
            $folder = Get-Item -LiteralPath (Get-Location).ProviderPath
            while ($folder -and -not (Test-Path (Join-Path $folder.FullName 'xtask/Cargo.toml'))) { $folder = $folder.Parent }
            if ($folder) {
                Get-ChildItem -Path (Join-Path $folder.FullName 'exercises/*/exercise.toml') | ForEach-Object { Show $_.Directory.Name $null }
            }
        } elseif ($kind -and $kind -ne '<paths>') {
            $kind.Split(' ') | ForEach-Object { Show $_ $null }
        }
    }
    if ($typed.Count -le 1) { Show 'xtask' 'The command runner for the workshop'; return }
    if ($typed[1] -ne 'xtask') { return }
    $verb = ''
    $skip = $false
    foreach ($word in ($typed | Select-Object -Skip 2)) {
        if ($skip) { $skip = $false; continue }
        if ($word -eq '--color') { $skip = $true; continue }
        $longer = "$verb $word".Trim()
        if ($CargoXtaskVerbs.ContainsKey($longer)) { $verb = $longer }
    }
    $at = $CargoXtaskVerbs[$verb]
    $option = $at.options[[string]$typed[-1]]
    if ($option -and $null -ne $option[0]) { ShowKind $option[0]; return }
    if (-not $wordToComplete.StartsWith('-')) {
        if ($at.verbs) { $at.verbs.Split(' ') | ForEach-Object { Show $_ $CargoXtaskVerbs["$verb $_".Trim()].about } }
        ShowKind $at.words
        if ($at.words) { return }
    }
    foreach ($name in $at.options.Keys) { Show $name $at.options[$name][1] }
}
