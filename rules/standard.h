/*
 * Macros that the tokens around a use do not tell apart, in the form of Coccinelle's standard.h: only what a name
 * stands for matters, not what it expands to (but for the last section).
 *   no body or an attribute  the name can be left out
 *   YACFE_ITERATOR           the head of a loop
 *   YACFE_DECLARATOR         a declaration
 *   MACROSTATEMENT           a statement that needs no semicolon
 */

/* Attributes, sections, address spaces, locking annotations. */
#define __init
#define __exit
#define __initdata
#define __exitdata
#define __initconst
#define __exitconst
#define __refdata
#define __ref
#define __refconst
#define __meminit
#define __meminitdata
#define __meminitconst
#define __memexit
#define __memexitdata
#define __devinit
#define __devexit
#define __devinitdata
#define __cpuinit
#define __cpuinitdata
#define __net_init
#define __net_exit
#define __net_initdata
#define __init_or_module
#define __initdata_or_module
#define __initconst_or_module
#define __init_memblock
#define __initdata_memblock
#define __sched
#define __lockfunc
#define __kprobes
#define nokprobe_inline
#define notrace
#define noinline
#define noinline_for_stack
#define noinline_for_kasan
#define noinstr
#define __noinstr_section
#define inline_for_debug
#define __always_inline
#define __always_unused
#define __maybe_unused
#define __used
#define __unused
#define __must_check
#define __must_hold
#define __acquires
#define __releases
#define __acquire_shared
#define __user
#define __kernel
#define __iomem
#define __percpu
#define __rcu
#define __force
#define __bitwise
#define __bitwise__
#define __nocast
#define __safe
#define __private
#define __chk_user_ptr
#define __read_mostly
#define __ro_after_init
#define __cacheline_aligned
#define __cacheline_aligned_in_smp
#define ____cacheline_aligned
#define ____cacheline_aligned_in_smp
#define ____cacheline_internodealigned_in_smp
#define __page_aligned_data
#define __page_aligned_bss
#define __packed
#define __aligned
#define __weak
#define __pure
#define __const_fn
#define __attribute_const__
#define __cold
#define __hot
#define __noreturn
#define __deprecated
#define __visible
#define __section
#define __printf
#define __scanf
#define __malloc
#define __alloc_size
#define __assume_aligned
#define __alias
#define __naked
#define __noclone
#define __noendbr
#define __nocfi
#define __noscs
#define __no_kcsan
#define __no_sanitize_address
#define __no_sanitize_memory
#define __no_sanitize_undefined
#define __no_sanitize_thread
#define __no_sanitize_coverage
#define __no_sanitize_or_inline
#define __no_kasan_or_inline
#define __no_kcsan_or_inline
#define __no_kmsan_checks
#define __sanitize_memory
#define __no_stack_protector
#define __no_randomize_layout
#define __randomize_layout
#define __no_profile
#define __nostackprotector
#define __optimize
#define __gnu_inline
#define __copy
#define __designated_init
#define __mode
#define __returns_nonnull
#define __nonstring
#define __counted_by
#define __counted_by_le
#define __counted_by_be
#define __compiletime_error
#define __compiletime_warning
#define __latent_entropy
#define __no_latent_entropy
#define __flatten
#define __mustcheck
#define __diag
#define __latent
#define __head
#define __head_text
#define __entry_text
#define __irq_entry
#define __softirq_entry
#define __exception_irq_entry
#define __ksym
#define __kconfig
#define __weak_symbol
#define __static_call_ret
#define asmlinkage
#define asmlinkage_protect_n
#define fastcall
#define fastcall_noinline
#define __cdecl
#define STATIC
#define INLINE
#define STATIC_INLINE
#define __vdso
#define __pgprot_init
#define __nosave
#define __nosavedata
#define __initdata_refok
#define __init_refok
#define __exit_refok
#define __rcu_dereference
#define __rtas_data
#define __hyp_text
#define __nvhe_hyp
#define __flash
#define __cpu_init
#define __tls
#define __nops
#define __ipc_init
#define __ctor
#define __ro_data
#define __setup_data
#define __lock_attr
#define randomized_struct_fields
#define randomized_struct_fields_start
#define randomized_struct_fields_end
#define ____ptr
#define __deprecated_for_modules
#define __prtn
#define __read_ro_mostly
#define __nomips16
#define __trap_section
#define __underlying_alias
#define __pass_object_size
#define __overloadable
#define __diagnose_as
#define __bpf_kfunc
#define __no_caller_saved_registers
#define __kcsan_disabled
#define __no_fgcse
#define __noipa
#define __irq_text
#define __xipram
#define __uaccess_aligned
#define __latent_initdata
#define __mptcp_init
#define __iommu
#define __openbsd
#define __lru_aligned
#define __swiotlb_attr
#define __percpu_arena
#define __arena
#define __ptr64
#define __ptr32
#define __sram
#define __nomerge
#define __maybe_discard
#define __uninitialized
#define __must_check_fn
#define __nonnull
#define __warn_unused_result
#define __format
#define __format_arg

/* Declarers that look like calls inside a function. */
#define DEFINE_MUTEX(...) YACFE_DECLARATOR
#define DEFINE_SPINLOCK(...) YACFE_DECLARATOR
#define DEFINE_RWLOCK(...) YACFE_DECLARATOR
#define DEFINE_RAW_SPINLOCK(...) YACFE_DECLARATOR
#define DEFINE_WAIT(...) YACFE_DECLARATOR
#define DEFINE_WAIT_FUNC(...) YACFE_DECLARATOR
#define DEFINE_WAIT_BIT(...) YACFE_DECLARATOR
#define DECLARE_WAITQUEUE(...) YACFE_DECLARATOR
#define DECLARE_WAIT_QUEUE_HEAD(...) YACFE_DECLARATOR
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(...) YACFE_DECLARATOR
#define DECLARE_COMPLETION(...) YACFE_DECLARATOR
#define DECLARE_COMPLETION_ONSTACK(...) YACFE_DECLARATOR
#define DECLARE_COMPLETION_ONSTACK_MAP(...) YACFE_DECLARATOR
#define DECLARE_WORK(...) YACFE_DECLARATOR
#define DECLARE_DELAYED_WORK(...) YACFE_DECLARATOR
#define DECLARE_BITMAP(...) YACFE_DECLARATOR
#define DECLARE_TASKLET(...) YACFE_DECLARATOR
#define DECLARE_RWSEM(...) YACFE_DECLARATOR
#define DEFINE_IDA(...) YACFE_DECLARATOR
#define DEFINE_IDR(...) YACFE_DECLARATOR
#define DEFINE_XARRAY(...) YACFE_DECLARATOR
#define DEFINE_XARRAY_ALLOC(...) YACFE_DECLARATOR
#define DEFINE_HASHTABLE(...) YACFE_DECLARATOR
#define DECLARE_HASHTABLE(...) YACFE_DECLARATOR
#define DEFINE_TIMER(...) YACFE_DECLARATOR
#define DEFINE_SEMAPHORE(...) YACFE_DECLARATOR
#define DEFINE_PER_CPU(...) YACFE_DECLARATOR
#define DECLARE_PER_CPU(...) YACFE_DECLARATOR
#define DEFINE_STATIC_KEY_FALSE(...) YACFE_DECLARATOR
#define DEFINE_STATIC_KEY_TRUE(...) YACFE_DECLARATOR
#define DEFINE_RATELIMIT_STATE(...) YACFE_DECLARATOR
#define DEFINE_READAHEAD(...) YACFE_DECLARATOR
#define DEFINE_FREE(...) YACFE_DECLARATOR
#define DEFINE_KFIFO(...) YACFE_DECLARATOR
#define DECLARE_KFIFO(...) YACFE_DECLARATOR
#define LIST_HEAD(...) YACFE_DECLARATOR
#define HLIST_HEAD(...) YACFE_DECLARATOR
#define LLIST_HEAD(...) YACFE_DECLARATOR
#define LIST_HEAD_INIT_ON_STACK(...) YACFE_DECLARATOR
#define RADIX_TREE(...) YACFE_DECLARATOR
#define DECLARE_CRYPTO_WAIT(...) YACFE_DECLARATOR
#define SKCIPHER_REQUEST_ON_STACK(...) YACFE_DECLARATOR
#define SYNC_SKCIPHER_REQUEST_ON_STACK(...) YACFE_DECLARATOR
#define AHASH_REQUEST_ON_STACK(...) YACFE_DECLARATOR
#define SHASH_DESC_ON_STACK(...) YACFE_DECLARATOR
#define DECLARE_STATIC_KEY_FALSE(...) YACFE_DECLARATOR
#define DECLARE_STATIC_KEY_TRUE(...) YACFE_DECLARATOR
#define XA_STATE(...) YACFE_DECLARATOR
#define XA_STATE_ORDER(...) YACFE_DECLARATOR
#define MA_STATE(...) YACFE_DECLARATOR
#define DEFINE_WAKE_Q(...) YACFE_DECLARATOR
#define DEFINE_SRCU(...) YACFE_DECLARATOR
#define DEFINE_STATIC_SRCU(...) YACFE_DECLARATOR
#define FOLIO_LIST(...) YACFE_DECLARATOR
#define DEFINE_DYNAMIC_DEBUG_METADATA(...) YACFE_DECLARATOR
#define DECLARE_FLEX_ARRAY(...) YACFE_DECLARATOR
#define DECLARE_MAC_BUF(...) YACFE_DECLARATOR
#define DECLARE_SOCKADDR(...) YACFE_DECLARATOR
#define VMA_ITERATOR(...) YACFE_DECLARATOR
#define DEFINE_BALLOON(...) YACFE_DECLARATOR
#define DEFINE_EVENT(...) YACFE_DECLARATOR
#define DEFINE_RES_MEM(...) YACFE_DECLARATOR
#define BIO_LIST(...) YACFE_DECLARATOR
#define DEFINE_QSTR(...) YACFE_DECLARATOR
#define DEFINE_TASK_WORK(...) YACFE_DECLARATOR
#define NL_SET(...) YACFE_DECLARATOR
#define DECLARE_SWAIT_QUEUE_HEAD(...) YACFE_DECLARATOR
#define DECLARE_SWAIT_QUEUE_HEAD_ONSTACK(...) YACFE_DECLARATOR
#define DECLARE_SWAITQUEUE(...) YACFE_DECLARATOR
#define UUID_DECLARE(...) YACFE_DECLARATOR
#define DEFINE_RT_MUTEX(...) YACFE_DECLARATOR
#define DEFINE_WW_MUTEX(...) YACFE_DECLARATOR
#define DEFINE_WW_CLASS(...) YACFE_DECLARATOR
#define DEFINE_WD_CLASS(...) YACFE_DECLARATOR
#define DECLARE_RWSEM_ONSTACK(...) YACFE_DECLARATOR
#define DEFINE_PAGE_VMA_WALK(...) YACFE_DECLARATOR
#define DEFINE_FOLIO_VMA_WALK(...) YACFE_DECLARATOR
#define KUNIT_DEFINE_RESOURCE(...) YACFE_DECLARATOR
#define DEFINE_SHOW_ATTRIBUTE(...) YACFE_DECLARATOR
#define DEFINE_SEQ_ATTRIBUTE(...) YACFE_DECLARATOR
#define DEFINE_SIMPLE_ATTRIBUTE(...) YACFE_DECLARATOR
#define DEFINE_DEBUGFS_ATTRIBUTE(...) YACFE_DECLARATOR

/* Macros that assign what they are handed by name. Here it matters what they do with it. */
#define get_user(x, ptr) ((x) = *(ptr))
#define __get_user(x, ptr) ((x) = *(ptr))
#define WRITE_ONCE(x, val) ((x) = (val))
#define swap(a, b) do { typeof(a) __tmp = (a); (a) = (b); (b) = __tmp; } while (0)
#define do_div(n, base) ({ uint32_t __rem = (n) % (base); (n) /= (base); __rem; })
#define local_irq_save(flags) ((flags) = arch_local_irq_save())
#define spin_lock_irqsave(lock, flags) ((flags) = _raw_spin_lock_irqsave(lock))
#define raw_spin_lock_irqsave(lock, flags) ((flags) = _raw_spin_lock_irqsave(lock))
#define read_lock_irqsave(lock, flags) ((flags) = _raw_read_lock_irqsave(lock))
#define write_lock_irqsave(lock, flags) ((flags) = _raw_write_lock_irqsave(lock))
